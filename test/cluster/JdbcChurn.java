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
import org.apache.calcite.avatica.AvaticaConnection;

/**
 * Clients that read the same rows in many frames again and again, until the standard input ends:
 * `JdbcChurn BROKER OVATE CLIENTS`. Prints `expected DIGEST`, read at the Broker, then of each round `ok CONNECTION DIGEST` or
 * `failed CONNECTION why`. Every other client reconnects by itself and keeps its connection; all others open anew.
 */
public class JdbcChurn
{
  private static final String ROWS = "SELECT reqId, country, added FROM events GROUP BY 1, 2, 3 ORDER BY 1 LIMIT 9000";
  private static final int FRAME_ROWS = 200;
  /** Clients are in mid-result for most of their time, and leave the machine to those who start. */
  private static final int PAUSE_MS = 20;

  private static volatile boolean ended;

  public static void main(String[] args) throws Exception
  {
    try (Connection connection = open(args[0], false, false)) {
      System.out.println("expected " + digest(connection));
    }
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      int at = i;
      clients.add(new Thread(() -> run(args[1], at % 2 == 0, at % 4 < 2)));
    }
    clients.forEach(Thread::start);
    while (System.in.read() >= 0) {
      // What comes says nothing; its end does.
    }
    ended = true;
    for (Thread client : clients) {
      client.join();
    }
  }

  private static void run(String url, boolean keeps, boolean protobuf)
  {
    Connection connection = null;
    while (!ended) {
      String id = "none";
      try {
        if (connection == null) {
          connection = open(url, keeps, protobuf);
        }
        id = ((AvaticaConnection) connection).id;
        System.out.println("ok " + id + " " + digest(connection));
        if (!keeps) {
          connection.close();
          connection = null;
        }
      }
      catch (Throwable error) {
        System.out.println("failed " + id + " " + String.valueOf(error).replace('\n', ' '));
        if (!keeps) {
          connection = null;
        }
      }
    }
  }

  private static Connection open(String url, boolean reconnecting, boolean protobuf) throws SQLException
  {
    String endpoint = url + "/druid/v2/sql/" + (protobuf ? "avatica-protobuf/" : "avatica/");
    String more = (protobuf ? ";serialization=protobuf" : "") + (reconnecting ? ";transparent_reconnection=true" : "");
    return DriverManager.getConnection("jdbc:avatica:remote:url=" + endpoint + more);
  }

  private static String digest(Connection connection) throws Exception
  {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(FRAME_ROWS);
      ResultSet rows = statement.executeQuery(ROWS);
      int count = 0;
      while (rows.next()) {
        count++;
        if (count % FRAME_ROWS == 0) {
          Thread.sleep(PAUSE_MS);
        }
        digest.update((rows.getString(1) + rows.getString(2) + rows.getString(3)).getBytes(StandardCharsets.UTF_8));
      }
      return count + "-" + HexFormat.of().formatHex(digest.digest());
    }
  }
}
