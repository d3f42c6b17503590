import java.util.Locale;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** java -cp KAFKA StreamProducer.java BOOTSTRAP TOPIC ROWS_PER_SECOND: events of now as JSON, numbered by seq, until killed. */
public class StreamProducer {
  private static final String[] COUNTRIES = {"US", "DE", "FR", "GB", "BR", "JP"};
  private static final String[] DEVICES = {"desktop", "mobile", "tablet"};

  public static void main(String[] args) throws InterruptedException {
    long pauseNanos = 1_000_000_000L / Integer.parseInt(args[2]);
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings(args[0]))) {
      Random random = new Random(20261101);
      long next = System.nanoTime();
      for (long seq = 0; ; seq++) {
        producer.send(new ProducerRecord<>(args[1], event(random, seq)));
        next += pauseNanos;
        long wait = next - System.nanoTime();
        if (wait > 0) {
          Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
        } else if (wait < -1_000_000_000L) {
          // Frozen for a while: what was missed is not made up for, it would be no events of now.
          next = System.nanoTime();
        }
      }
    }
  }

  private static Properties settings(String bootstrap) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("linger.ms", "20");
    settings.put("buffer.memory", "4194304");
    settings.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    settings.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    return settings;
  }

  private static String event(Random random, long seq) {
    return String.format(
        Locale.ROOT,
        "{\"ts\":%d,\"seq\":%d,\"country\":\"%s\",\"device\":\"%s\",\"user\":\"u%d\",\"added\":%d,\"price\":%.2f}",
        System.currentTimeMillis(),
        seq,
        COUNTRIES[random.nextInt(COUNTRIES.length)],
        DEVICES[random.nextInt(DEVICES.length)],
        random.nextInt(5000),
        random.nextInt(500),
        random.nextDouble() * 100);
  }
}
