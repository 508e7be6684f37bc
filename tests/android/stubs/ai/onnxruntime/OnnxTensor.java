package ai.onnxruntime;

import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

public class OnnxTensor extends OnnxTensorLike {
    OnnxTensor() {}

    public static native OnnxTensor createTensor(OrtEnvironment env, FloatBuffer data, long[] shape)
            throws OrtException;

    public static native OnnxTensor createTensor(OrtEnvironment env, IntBuffer data, long[] shape) throws OrtException;

    public static native OnnxTensor createTensor(OrtEnvironment env, LongBuffer data, long[] shape) throws OrtException;

    public native FloatBuffer getFloatBuffer();
}
