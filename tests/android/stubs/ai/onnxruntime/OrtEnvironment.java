package ai.onnxruntime;

import java.nio.ByteBuffer;

public final class OrtEnvironment implements AutoCloseable {
    private OrtEnvironment() {}

    public static native OrtEnvironment getEnvironment();

    public native OrtSession createSession(ByteBuffer modelBuffer, OrtSession.SessionOptions options)
            throws OrtException;

    @Override
    public native void close();
}
