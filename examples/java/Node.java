import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/**
 * A whole node over Kafka: registers, sends heartbeats until it is stopped (Ctrl-C, SIGTERM), says goodbye.
 *
 * <p>KAFKA_BOOTSTRAP_SERVERS=localhost:9092 TOPIC_PREFIX=dev.onex java -cp 'kafka/libs/*' examples/java/Node.java NODE_ID
 */
public final class Node {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SERVERS = setting("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092");
  /** {env}.onex, or {env}.{namespace}.onex. */
  private static final String PREFIX = setting("TOPIC_PREFIX", "dev.onex");

  private static final long HEARTBEAT_MS = Long.parseLong(setting("HEARTBEAT_SECONDS", "10")) * 1_000;
  private static final long REPEAT_MS = 5_000;

  private final String id;
  private final long epoch = System.currentTimeMillis();
  private final KafkaProducer<String, String> producer;
  private final KafkaConsumer<String, String> consumer;
  private final Set<String> seen = new HashSet<>();
  private String attempt;
  private boolean isActive;
  private long nextWordAt;

  private Node(String id) {
    this.id = id;
    // Kafka's own client keys by murmur2, as the runtime does.
    producer = new KafkaProducer<>(settings("serializer", "Serializer", Map.of("acks", "all")));
    consumer = new KafkaConsumer<>(settings("deserializer", "Deserializer", Map.of("enable.auto.commit", "false")));
  }

  public static void main(String[] args) throws Exception {
    Node node = new Node(args.length > 0 ? args[0] : "java-1");
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      node.consumer.wakeup();
      try {
        main.join(10_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }));
    node.run();
  }

  private void run() throws Exception {
    listen();
    try {
      while (true) {
        if (System.currentTimeMillis() >= nextWordAt) speak();
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200)))
          if (id.equals(record.key())) hear(JSON.readTree(record.value()));
      }
    } catch (WakeupException stopped) {
      say("cmd.node-deregister", Map.of("reason", "done"));
      producer.close();
      consumer.close();
    }
  }

  /** From the logs' ends, and before the first word: no answer can come before them. No group: each node reads them all. */
  private void listen() {
    List<TopicPartition> partitions = List.of("node-registration-accepted", "node-registration-rejected",
            "node-registration-ack-timed-out", "node-became-active", "node-liveness-expired").stream()
        .flatMap(name -> consumer.partitionsFor(PREFIX + ".evt." + name + ".v1").stream())
        .map(info -> new TopicPartition(info.topic(), info.partition()))
        .toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  private void speak() throws Exception {
    if (isActive) say("evt.node-heartbeat", Map.of());
    else if (attempt == null) introspect();
    nextWordAt = System.currentTimeMillis() + (isActive ? HEARTBEAT_MS : REPEAT_MS);
  }

  private void introspect() throws Exception {
    say("evt.node-introspection", Map.of("node_type", "effect", "epoch", epoch,
        "endpoints", Map.of("api", "http://10.0.0.7:8080"), "capabilities", List.of("payments.capture")));
  }

  private void hear(JsonNode event) throws Exception {
    if (!seen.add(event.get("envelope_id").asText())) return;
    switch (event.get("payload_type").asText()) {
      case "NodeRegistrationAccepted" -> {
        attempt = event.get("payload").get("registration_attempt_id").asText();
        say("cmd.node-registration-acked", Map.of("registration_attempt_id", attempt));
      }
      case "NodeBecameActive" -> {
        isActive = true;
        nextWordAt = System.currentTimeMillis() + HEARTBEAT_MS;
        System.out.println(id + " is ACTIVE");
      }
      default -> {
        // Rejected, timed out or expired: once more from the beginning.
        attempt = null;
        isActive = false;
        nextWordAt = System.currentTimeMillis() + REPEAT_MS;
      }
    }
  }

  private void say(String name, Map<String, Object> payload) throws Exception {
    Map<String, Object> whole = new TreeMap<>(payload);
    whole.put("node_id", id);
    ProducerRecord<String, String> record =
        new ProducerRecord<>(PREFIX + "." + name + ".v1", id, JSON.writeValueAsString(whole));
    record.headers().add("message_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8));
    producer.send(record).get();
  }

  private static Properties settings(String key, String suffix, Map<String, String> more) {
    Properties properties = new Properties();
    String type = "org.apache.kafka.common.serialization.String" + suffix;
    properties.put("bootstrap.servers", SERVERS);
    properties.put("key." + key, type);
    properties.put("value." + key, type);
    properties.putAll(more);
    return properties;
  }

  private static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
