package io.tapeline;

import java.io.Closeable;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Memory that a task and its Python worker share, which is always on the same machine: a file that
 * both map, with room for one batch. A batch in it is handed on by its address, where its bytes would
 * be copied a dozen times on their way through a socket.
 *
 * <p>First in the file is its state (8 bytes, little-endian), then the batch. The task fills it while
 * it is free, and takes it; Python ({@code udfs/shared.py}) frees it when it has read the batch. The
 * address of a batch is ADDRESS and how many bytes it has (8 bytes each), and then the file's path.
 *
 * <p>The file has its name only until Python has opened it: no crash after that leaves it behind.
 */
final class SharedMemory implements Closeable {

    /** What an address begins with; a batch begins with the number of its records. */
    private static final long ADDRESS = -1;

    private static final long FREE = 0;
    private static final long TAKEN = 1;
    private static final int STATE_BYTES = 8;
    private static final int WRITTEN_AT_ONCE = 1 << 16;
    private static final VarHandle STATE =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final byte[] name;
    private final MappedByteBuffer memory;
    private boolean wasTaken;
    private boolean isNamed = true;

    /**
     * @param folder in memory, for the file
     * @param batchBytes the most bytes of a batch
     * @throws IOException there is no such folder, or not as much room in it
     */
    SharedMemory(Path folder, int batchBytes) throws IOException {
        path = Files.createTempFile(folder, "tapeline-", ".batch");
        name = path.toString().getBytes(StandardCharsets.UTF_8);
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            // Written, because a process ends that touches what it has mapped and there is no room for.
            long size = STATE_BYTES + batchBytes;
            for (long left = size; left > 0; ) {
                left -= file.write(ByteBuffer.allocate((int) Math.min(left, WRITTEN_AT_ONCE)));
            }
            memory = file.map(FileChannel.MapMode.READ_WRITE, 0, size);
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /** Room for a batch, from position 0 on; null if Python still reads what is there. */
    ByteBuffer room() {
        if ((long) STATE.getAcquire(memory, 0) != FREE) {
            return null;
        }
        return memory.slice(STATE_BYTES, memory.capacity() - STATE_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Hands on the batch of so many bytes that has been put there; returns its address. */
    byte[] take(int length) {
        wasTaken = true;
        STATE.setRelease(memory, 0, TAKEN);
        return ByteBuffer.allocate(2 * Long.BYTES + name.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(ADDRESS)
                .putLong(length)
                .put(name)
                .array();
    }

    /** Takes the file's name away as soon as Python has read a batch in it, and so has opened it. */
    void forgetName() throws IOException {
        if (isNamed && wasTaken && (long) STATE.getAcquire(memory, 0) == FREE) {
            close();
        }
    }

    @Override
    public void close() throws IOException {
        isNamed = false;
        Files.deleteIfExists(path);
    }
}
