import com.fasterxml.jackson.databind.*;
import java.io.IOException;
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.util.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.*;

/**
 * Kafka Streams on the baseline's topics: a state store with a changelog, exactly once within Kafka, one request to
 * Consul and one blocking upsert a record. Arguments: a JSON object in BENCH_ENGINE.
 */
public class KafkaStreamsPeer {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String STORE = "registrations";
  static JsonNode given;

  /** An event and the topic it goes to. */
  record Event(String topic, String payload) {}

  public static void main(String[] args) throws Exception {
    given = JSON.readTree(System.getenv("BENCH_ENGINE"));
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, text("runId"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, text("brokers"));
    config.put(StreamsConfig.STATE_DIR_CONFIG, text("folder"));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 4);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    StreamsBuilder builder = new StreamsBuilder();
    var stored = Stores.persistentKeyValueStore(STORE);
    builder.addStateStore(Stores.keyValueStoreBuilder(stored, Serdes.String(), Serdes.String()));
    var read = Consumed.with(Serdes.String(), Serdes.String());
    publish(builder.stream(topic("introspection"), read).process(Introspected::new, STORE));
    publish(builder.stream(topic("acked"), read).process(Acked::new, STORE));

    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("ready");
    });
    streams.start();
  }

  static void publish(KStream<String, Event> events) {
    Serializer<Event> write = (topic, event) -> event.payload().getBytes(StandardCharsets.UTF_8);
    Serde<Event> serde = Serdes.serdeFrom(write, (topic, bytes) -> new Event(topic, new String(bytes)));
    events.to((nodeId, event, context) -> event.topic(), Produced.with(Serdes.String(), serde));
  }

  /** What both have: the store of the partition, and a connection of its own. */
  abstract static class Step extends ContextualProcessor<String, String, String, Event> {
    KeyValueStore<String, String> registrations;
    Connection database;
    PreparedStatement statement;

    void open(ProcessorContext<String, Event> context, String name) {
      super.init(context);
      registrations = context.getStateStore(STORE);
      URI url = URI.create(text("database"));
      String[] user = url.getUserInfo().split(":", 2);
      String at = "jdbc:postgresql://%s:%d%s".formatted(url.getHost(), url.getPort(), url.getPath());
      try {
        database = DriverManager.getConnection(at, user[0], user.length > 1 ? user[1] : "");
        statement = database.prepareStatement(given.at("/statements/" + name).asText().replace("$1", "?"));
      } catch (SQLException error) {
        throw new IllegalStateException(error);
      }
    }

    void execute(String argument) {
      try {
        statement.setString(1, argument);
        statement.executeUpdate();
      } catch (SQLException error) {
        throw new IllegalStateException(error);
      }
    }

    void emit(Record<String, String> record, String topic, String type, String correlationId) {
      String payload = "{\"event_type\":\"%s\",\"node_id\":\"%s\",\"correlation_id\":\"%s\"}";
      context().forward(record.withValue(new Event(topic(topic), payload.formatted(type, record.key(), correlationId))));
    }

    @Override
    public void close() {
      try {
        database.close();
      } catch (SQLException ignored) {
        // It is gone either way.
      }
    }
  }

  static class Introspected extends Step {
    static final HttpClient HTTP = HttpClient.newHttpClient();

    @Override
    public void init(ProcessorContext<String, Event> context) {
      open(context, "upsert");
    }

    @Override
    public void process(Record<String, String> record) {
      if (registrations.get(record.key()) != null) return;
      var registered = HTTP.sendAsync(registration(record), BodyHandlers.ofString());
      execute(record.value());
      if (registered.join().statusCode() != 200) throw new IllegalStateException("consul " + registered.join().body());
      String correlationId = UUID.randomUUID().toString();
      registrations.put(record.key(), correlationId);
      emit(record, "initiated", "NodeRegistrationInitiated", correlationId);
      emit(record, "accepted", "NodeRegistrationAccepted", correlationId);
    }

    HttpRequest registration(Record<String, String> record) {
      try {
        String type = JSON.readTree(record.value()).get("node_type").asText();
        String body = """
            {"Node": "%1$s", "Address": "127.0.0.1", "SkipNodeUpdate": true, "Service": {"ID": "peer-%2$s-%3$s",
              "Service": "peer-%2$s", "Tags": ["node_type:%2$s", "peer"], "Address": "10.0.0.1", "Port": 8080,
              "Meta": {"node_id": "%3$s"}}}""".formatted(text("consulNode"), type, record.key());
        URI url = URI.create(text("consul") + "/v1/catalog/register");
        return HttpRequest.newBuilder(url).PUT(HttpRequest.BodyPublishers.ofString(body)).build();
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
  }

  static class Acked extends Step {
    @Override
    public void init(ProcessorContext<String, Event> context) {
      open(context, "activate");
    }

    @Override
    public void process(Record<String, String> record) {
      String correlationId = registrations.get(record.key());
      if (correlationId == null) return;
      execute(record.key());
      emit(record, "received", "NodeRegistrationAckReceived", correlationId);
      emit(record, "active", "NodeBecameActive", correlationId);
    }
  }

  static String text(String name) {
    return given.get(name).asText();
  }

  static String topic(String name) {
    return given.at("/topics/" + name).asText();
  }
}
