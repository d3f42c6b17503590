// Prints test/fixtures/avatica.json: every request of Avatica in both encodings, Guava's hash, and a Router's choices.
// Runs on Druid's own class path: java -cp "$(cat .cluster/artifacts/druid-33.0.0/classpath.txt)" test/support/AvaticaRequests.java
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.calcite.avatica.ColumnMetaData.Rep;
import org.apache.calcite.avatica.ConnectionPropertiesImpl;
import org.apache.calcite.avatica.Meta;
import org.apache.calcite.avatica.QueryState;
import org.apache.calcite.avatica.remote.JsonService;
import org.apache.calcite.avatica.remote.ProtobufTranslationImpl;
import org.apache.calcite.avatica.remote.Service;
import org.apache.calcite.avatica.remote.TypedValue;
import org.apache.druid.server.router.RendezvousHasher;

public class AvaticaRequests {
  private static final int HASHED_MAX = 40;
  private static final int CHOICES = 64;

  public static void main(String[] args) throws Exception {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("requests", requests());
    all.put("hashes", hashes());
    all.put("brokers", new ArrayList<>(BROKERS));
    all.put("choices", choices());
    System.out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all));
  }

  private static List<Map<String, String>> requests() throws Exception {
    List<TypedValue> values = Collections.singletonList(TypedValue.ofLocal(Rep.STRING, "a"));
    Meta.StatementHandle handle = new Meta.StatementHandle("c", 7, null);
    Service.Request[] requests = {
      new Service.CatalogsRequest("c"),
      new Service.SchemasRequest("c", "druid", "x"),
      new Service.TablesRequest("c", "druid", "druid", "x", List.of("TABLE")),
      new Service.TableTypesRequest("c"),
      new Service.ColumnsRequest("c", "druid", "druid", "x", "y"),
      new Service.TypeInfoRequest("c"),
      new Service.PrepareAndExecuteRequest("c", 7, "SELECT 1", 100),
      new Service.PrepareRequest("c", "SELECT 1", 100),
      new Service.ExecuteRequest(handle, values, 100),
      new Service.FetchRequest("c", 7, 5000, 100),
      new Service.CreateStatementRequest("c"),
      new Service.CloseStatementRequest("c", 7),
      new Service.OpenConnectionRequest("c", Map.of("user", "x")),
      new Service.CloseConnectionRequest("c"),
      new Service.ConnectionSyncRequest("c", new ConnectionPropertiesImpl(true, false, 0, "druid", "druid")),
      new Service.DatabasePropertyRequest("c"),
      new Service.SyncResultsRequest("c", 7, new QueryState("SELECT 1"), 5000),
      new Service.CommitRequest("c"),
      new Service.RollbackRequest("c"),
      new Service.PrepareAndExecuteBatchRequest("c", 7, List.of("SELECT 1")),
      new Service.ExecuteBatchRequest("c", 7, List.of(values)),
    };
    List<Map<String, String>> rows = new ArrayList<>();
    for (Service.Request request : requests) {
      Map<String, String> row = new LinkedHashMap<>();
      row.put("name", request.getClass().getSimpleName());
      row.put("json", JsonService.MAPPER.writeValueAsString(request));
      row.put("protobuf", HexFormat.of().formatHex(new ProtobufTranslationImpl().serializeRequest(request)));
      rows.add(row);
    }
    return rows;
  }

  private static List<String> hashes() {
    List<String> rows = new ArrayList<>();
    for (int length = 0; length <= HASHED_MAX; length++) {
      rows.add(Long.toString(Hashing.murmur3_128().hashBytes(bytes(length)).asLong()));
    }
    return rows;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) bytes[i] = (byte) (i * 37 + length);
    return bytes;
  }

  private static final LinkedHashSet<String> BROKERS =
      new LinkedHashSet<>(List.of("a:8082", "broker-2.example:8082", "10.0.0.3:8282", "[::1]:8082"));

  private static Map<String, String> choices() {
    Map<String, String> rows = new LinkedHashMap<>();
    for (int i = 0; i < CHOICES; i++) {
      String name = i % 2 == 0 ? new UUID(i * 0x9e3779b97f4a7c15L, i).toString() : "Verbindung ü " + i;
      rows.put(name, new RendezvousHasher().chooseNode(BROKERS, name.getBytes(StandardCharsets.UTF_8)));
    }
    return rows;
  }
}
