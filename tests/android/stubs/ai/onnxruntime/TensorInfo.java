package ai.onnxruntime;

public class TensorInfo {
    TensorInfo() {}

    public native long[] getShape();
}
