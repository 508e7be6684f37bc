package ai.onnxruntime;

import java.util.Iterator;
import java.util.Map;

public class OrtSession implements AutoCloseable {
    OrtSession() {}

    public native Result run(Map<String, ? extends OnnxTensorLike> inputs) throws OrtException;

    @Override
    public native void close() throws OrtException;

    public static class SessionOptions implements AutoCloseable {
        public SessionOptions() {}

        public native void setIntraOpNumThreads(int numThreads) throws OrtException;

        @Override
        public native void close();
    }

    public static class Result implements AutoCloseable, Iterable<Map.Entry<String, OnnxValue>> {
        Result() {}

        @Override
        public native Iterator<Map.Entry<String, OnnxValue>> iterator();

        @Override
        public native void close();
    }
}
