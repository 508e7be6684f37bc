package ai.onnxruntime;

public abstract class OnnxTensorLike implements OnnxValue {
    OnnxTensorLike() {}

    public native TensorInfo getInfo();

    @Override
    public native void close();
}
