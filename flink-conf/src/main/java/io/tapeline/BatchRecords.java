package io.tapeline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;

/**
 * Kafka records in, batches of many records out, each one value: what goes to Python goes at once.
 *
 * <p>A record is a row of payload BYTES, source INT, offset BIGINT, timestamp TIMESTAMP_LTZ(3). A
 * batch, little-endian, is the number of records n and the number of bytes of payloads (8 bytes
 * each); the payloads, end to end; n timestamps in ms (8 each), n offsets (8), n sources (4), n
 * lengths of payloads (4; -1 is a record without one). {@code udfs/batches.py} reads it. What goes
 * out is a row of one BYTES: the address of a batch in {@link SharedMemory}, or the batch itself
 * where there is no such memory, or where it does not fit.
 *
 * <p>It holds nothing over a checkpoint or the end of its input, so it has no state. A watermark
 * waits for the records that came before it.
 */
public final class BatchRecords extends AbstractStreamOperator<Row>
        implements OneInputStreamOperator<RowData, Row>, BoundedOneInput {

    private static final long serialVersionUID = 1L;
    private static final int BYTES_A_BATCH = 16;
    private static final int BYTES_A_RECORD = 24;
    private static final byte[] NOTHING = {};

    private final int batchBytes;
    private final long patienceMs;
    private final String folder;

    private transient SharedMemory memory;
    private transient ByteBuffer heap;
    private transient ByteBuffer batch;
    private transient int count;
    private transient long[] timestamps;
    private transient long[] offsets;
    private transient int[] sources;
    private transient int[] lengths;
    private transient long deadline;
    private transient boolean timed;
    private transient Watermark held;

    /**
     * @param batchBytes a batch has no more bytes than that, but for one of a single larger record
     * @param patienceMs the longest time that a record waits, by the clock
     * @param folder where files are in memory, which Python may open; empty for none
     */
    public BatchRecords(int batchBytes, long patienceMs, String folder) {
        this.batchBytes = batchBytes;
        this.patienceMs = patienceMs;
        this.folder = folder;
    }

    @Override
    public void open() throws Exception {
        super.open();
        int records = batchBytes / BYTES_A_RECORD + 1;
        timestamps = new long[records];
        offsets = new long[records];
        sources = new int[records];
        lengths = new int[records];
        if (!folder.isEmpty()) {
            try {
                memory = new SharedMemory(Path.of(folder), batchBytes);
            } catch (IOException e) {
                LOG.warn("Batches go to Python through a socket, which is slower: no memory to "
                        + "share in {} ({})", folder, e.toString());
            }
        }
        // Python opens the memory, and loads what it needs, with the first batch. No record waits for
        // that if it is an empty one.
        ProcessingTimeService clock = getProcessingTimeService();
        clock.registerTimer(clock.getCurrentProcessingTime(), this::onStart);
    }

    @Override
    public void processElement(StreamRecord<RowData> element) throws Exception {
        RowData record = element.getValue();
        boolean isNull = record.isNullAt(0);
        byte[] payload = isNull ? NOTHING : record.getBinary(0);
        if (count > 0 && size(count + 1, batch.position() + (long) payload.length) > batchBytes) {
            flush();
        }
        if (count == 0) {
            begin(size(1, BYTES_A_BATCH + (long) payload.length));
        }
        batch.put(payload);
        lengths[count] = isNull ? -1 : payload.length;
        sources[count] = record.getInt(1);
        offsets[count] = record.getLong(2);
        timestamps[count] = record.getTimestamp(3, 3).getMillisecond();
        if (count++ == 0) {
            deadline = getProcessingTimeService().getCurrentProcessingTime() + patienceMs;
            if (!timed) {
                registerTimer();
            }
        }
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        if (count == 0) {
            super.processWatermark(mark);
        } else {
            held = mark;
        }
    }

    @Override
    public void processWatermarkStatus(WatermarkStatus status) throws Exception {
        flush();
        super.processWatermarkStatus(status);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        flush();
    }

    @Override
    public void endInput() throws Exception {
        flush();
    }

    @Override
    public void close() throws Exception {
        try {
            if (memory != null) {
                memory.close();
            }
        } finally {
            super.close();
        }
    }

    /** The bytes of a batch of so many records, with its payloads up to this place. */
    private static long size(int records, long end) {
        return end + (long) records * BYTES_A_RECORD;
    }

    private void onStart(long now) throws Exception {
        if (count == 0) {
            begin(BYTES_A_BATCH);
            handOn();
        }
    }

    /** Begins a batch, of so many bytes for now. */
    private void begin(long bytes) {
        batch = room(bytes);
        batch.position(BYTES_A_BATCH);
    }

    /** Where a batch is put together that begins with so many bytes. */
    private ByteBuffer room(long bytes) {
        if (bytes > batchBytes) {
            return onHeap(Math.toIntExact(bytes));
        }
        ByteBuffer shared = memory == null ? null : memory.room();
        if (shared != null) {
            return shared;
        }
        if (heap == null) {
            heap = onHeap(batchBytes);
        }
        return heap.clear();
    }

    private static ByteBuffer onHeap(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void registerTimer() {
        timed = true;
        getProcessingTimeService().registerTimer(deadline, this::onTimer);
    }

    private void onTimer(long now) throws Exception {
        timed = false;
        if (count > 0 && now < deadline) {
            registerTimer();
        } else {
            flush();
        }
    }

    private void flush() throws Exception {
        if (count > 0) {
            handOn();
        }
        if (held != null) {
            Watermark mark = held;
            held = null;
            super.processWatermark(mark);
        }
    }

    private void handOn() throws Exception {
        int end = batch.position();
        batch.putLong(0, count).putLong(Long.BYTES, end - BYTES_A_BATCH);
        batch.asLongBuffer().put(timestamps, 0, count).put(offsets, 0, count);
        batch.position(end + 2 * Long.BYTES * count);
        batch.asIntBuffer().put(sources, 0, count).put(lengths, 0, count);
        int bytes = end + BYTES_A_RECORD * count;
        byte[] value =
                batch.isDirect() ? memory.take(bytes) : Arrays.copyOf(batch.array(), bytes);
        count = 0;
        output.collect(new StreamRecord<>(Row.of((Object) value)));
        if (memory != null) {
            memory.forgetName();
        }
    }
}
