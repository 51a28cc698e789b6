package io.tapeline;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Memory of a Python worker, which is always on the same machine, with values on their way out in it:
 * see {@code udfs/ring.py}, which fills it. What has been read is freed, in the order of its coming.
 */
final class Ring {

    private static final int READY_AT = 0;
    private static final int FREED_AT = 8;
    private static final int HEAD_BYTES = 64;
    private static final VarHandle STATE =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final MappedByteBuffer memory;

    /** @throws IOException there is no such file, or not for this process */
    Ring(Path path) throws IOException {
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            memory = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size());
        }
        STATE.setRelease(memory, READY_AT, 1L);
    }

    /** The value of so many bytes that begins there. */
    ByteBuffer value(long start, long length) {
        long size = memory.capacity() - HEAD_BYTES;
        return memory.slice(HEAD_BYTES + (int) (start % size), (int) length)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Frees all up to there. */
    void free(long end) {
        STATE.setRelease(memory, FREED_AT, end);
    }
}
