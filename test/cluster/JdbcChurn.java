import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.calcite.avatica.AvaticaConnection;

/**
 * Clients that read the same rows in many frames, all at once and step by step: `JdbcChurn BROKER OVATE…`. At each Ovate
 * there are four, with and without reconnecting by themselves, in JSON and in protobuf; who reconnects keeps its
 * connection, all others open anew. Prints `expected DIGEST`, read at the Broker. Then each line of the standard input is a
 * step: `begin` reads a first frame (`begun CONNECTION`), `finish` the others (`ok CONNECTION DIGEST`); what fails is
 * `failed CONNECTION why`. After each step: `done`.
 */
public class JdbcChurn
{
  /** A first frame has 5,000 rows, whatever is asked for. */
  private static final String ROWS =
      "SELECT reqId, country, added FROM events WHERE __time < TIMESTAMP '2026-10-10' GROUP BY 1, 2, 3 ORDER BY 1 LIMIT 9000";
  private static final int FRAME_ROWS = 200;

  public static void main(String[] args) throws Exception
  {
    List<Client> clients = new ArrayList<>();
    for (int i = 1; i < args.length; i++) {
      for (boolean keeps : new boolean[]{true, false}) {
        clients.add(new Client(args[i], keeps, false));
        clients.add(new Client(args[i], keeps, true));
      }
    }
    try (Connection connection = new Client(args[0], false, false).open(); Statement statement = connection.createStatement()) {
      System.out.println("expected " + digest(statement.executeQuery(ROWS)));
    }
    ExecutorService threads = Executors.newFixedThreadPool(clients.size());
    BufferedReader steps = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String step = steps.readLine(); step != null; step = steps.readLine()) {
      boolean begins = step.equals("begin");
      List<Callable<String>> tasks = new ArrayList<>();
      for (Client client : clients) {
        tasks.add(() -> begins ? client.begin() : client.finish());
      }
      for (Future<String> told : threads.invokeAll(tasks)) {
        System.out.println(told.get());
      }
      System.out.println("done");
    }
    threads.shutdownNow();
  }

  private static String digest(ResultSet rows) throws Exception
  {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    int count = 0;
    while (rows.next()) {
      count++;
      digest.update((rows.getString(1) + rows.getString(2) + rows.getString(3)).getBytes(StandardCharsets.UTF_8));
    }
    return count + "-" + HexFormat.of().formatHex(digest.digest());
  }

  private static class Client
  {
    private final String address;
    private final boolean keeps;
    private Connection connection;
    private String id;
    private Statement statement;
    private ResultSet rows;

    Client(String url, boolean keeps, boolean protobuf)
    {
      String more = (protobuf ? "-protobuf/;serialization=protobuf" : "/") + (keeps ? ";transparent_reconnection=true" : "");
      this.address = "jdbc:avatica:remote:url=" + url + "/druid/v2/sql/avatica" + more;
      this.keeps = keeps;
    }

    Connection open() throws SQLException
    {
      return DriverManager.getConnection(address);
    }

    String begin()
    {
      rows = null;
      try {
        if (connection == null) {
          id = "none";
          connection = open();
          id = ((AvaticaConnection) connection).id;
        }
        statement = connection.createStatement();
        statement.setFetchSize(FRAME_ROWS);
        rows = statement.executeQuery(ROWS);
        return "begun " + id;
      }
      catch (Throwable error) {
        return failed(error);
      }
    }

    String finish()
    {
      if (rows == null) {
        return "failed " + id + " before";
      }
      try {
        String digest = digest(rows);
        statement.close();
        if (!keeps) {
          connection.close();
          connection = null;
        }
        return "ok " + id + " " + digest;
      }
      catch (Throwable error) {
        return failed(error);
      }
    }

    private String failed(Throwable error)
    {
      if (!keeps) {
        connection = null;
      }
      return "failed " + id + " " + String.valueOf(error).replaceAll("\\s+", " ");
    }
  }
}
