import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.math.BigDecimal;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.TimeZone;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.calcite.avatica.AvaticaConnection;
import org.apache.calcite.avatica.AvaticaSqlException;

/**
 * What a program sees of Druid by JDBC, printed: `JdbcCases.java URL json|protobuf [URL json|protobuf]…`, each URL that of
 * a Broker or what stands in its place. Names, addresses and lines of stacks are masked: all else is to be the same.
 */
public class JdbcCases
{
  private static final String GROUPED = " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1";
  private static final String ALL_ROWS = "SELECT reqId, country, city, added, price FROM events" + GROUPED;
  /** 13,130 in 13 days: quicker to come by than as many of all. */
  private static final String ROWS = "SELECT reqId, country, city, added, price FROM events WHERE __time < TIMESTAMP '2026-10-10'" + GROUPED;
  private static final int FRAMES_ROWS = 8_300;
  /** A busy machine is no difference. */
  private static final int PATIENCE_MS = 240_000;

  private interface Body
  {
    void run(Printer out) throws Exception;
  }

  private interface Printer
  {
    void line(Object... parts);
  }

  private interface Setter
  {
    void set(PreparedStatement statement) throws SQLException;
  }

  private final String url;
  private final boolean protobuf;

  private JdbcCases(String url, boolean protobuf)
  {
    this.url = url;
    this.protobuf = protobuf;
  }

  public static void main(String[] args) throws Exception
  {
    for (int i = 0; i + 1 < args.length; i += 2) {
      System.out.println("=== " + i / 2);
      new JdbcCases(args[i], args[i + 1].equals("protobuf")).all();
    }
  }

  private void all()
  {
    show("metadata", this::metadata);
    show("values", this::values);
    show("parameters", this::parameters);
    show("limit by parameter", this::limit);
    show("a prepared statement again", this::again);
    show("frames", this::frames);
    show("frames of a size", this::fetchSize);
    show("maximum of rows", this::maxRows);
    show("errors", this::errors);
    show("statements at a time", this::tooMany);
    show("cancel", this::cancel);
    show("interleaved", this::interleaved);
    show("context", this::context);
    show("pool", this::pool);
    show("lost", this::lost);
    show("lost, reconnecting", this::lostReconnecting);
    show("transactions", this::transactions);
    show("batches", this::batches);
    show("closed", this::closed);
    show("connections at a time", this::connections);
  }

  private void show(String name, Body body)
  {
    try {
      body.run(parts -> print(name, parts));
    }
    catch (Throwable error) {
      print(name, failure(error));
    }
  }

  private static void print(String name, Object... parts)
  {
    StringBuilder text = new StringBuilder(name).append(": ");
    for (Object part : parts) {
      text.append(part instanceof Object[] ? Arrays.deepToString((Object[]) part) : String.valueOf(part)).append(' ');
    }
    System.out.println(masked(text.toString().trim()));
  }

  private static String masked(String text)
  {
    return text.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID")
               .replaceAll("(127\\.0\\.0\\.1|localhost):\\d+", "HOST")
               .replaceAll("\\.java:\\d+", ".java")
               .replaceAll("\\s*\\n\\s*", " | ");
  }

  private static String failure(Throwable error)
  {
    StringBuilder text = new StringBuilder();
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      text.append(cause.getClass().getSimpleName()).append('<').append(cause.getMessage()).append('>');
      if (cause instanceof SQLException) {
        text.append(((SQLException) cause).getSQLState()).append('/').append(((SQLException) cause).getErrorCode());
      }
      if (cause instanceof AvaticaSqlException) {
        for (String trace : ((AvaticaSqlException) cause).getStackTraces()) {
          text.append('{').append(trace.lines().findFirst().orElse("")).append('}');
        }
      }
    }
    return text.toString();
  }

  private Connection open(String... properties) throws SQLException
  {
    Properties info = new Properties();
    info.setProperty("user", "reader");
    info.setProperty("password", "secret");
    for (int i = 0; i < properties.length; i += 2) {
      info.setProperty(properties[i], properties[i + 1]);
    }
    return DriverManager.getConnection(address(), info);
  }

  private String address()
  {
    return "jdbc:avatica:remote:url=" + endpoint() + (protobuf ? ";serialization=protobuf" : "");
  }

  private String endpoint()
  {
    return url + "/druid/v2/sql/" + (protobuf ? "avatica-protobuf/" : "avatica/");
  }

  /** Ends a connection behind its driver's back, as its server does with one that has been idle for long. */
  private void end(Connection connection) throws Exception
  {
    String id = ((AvaticaConnection) connection).id;
    HttpURLConnection http = (HttpURLConnection) new URL(url + "/druid/v2/sql/avatica/").openConnection();
    http.setDoOutput(true);
    http.setConnectTimeout(PATIENCE_MS);
    http.setReadTimeout(PATIENCE_MS);
    http.getOutputStream().write(("{\"request\":\"closeConnection\",\"connectionId\":\"" + id + "\"}").getBytes(StandardCharsets.UTF_8));
    if (http.getResponseCode() != 200) {
      throw new IllegalStateException("closeConnection says " + http.getResponseCode());
    }
  }

  private static void rows(Printer out, ResultSet rows) throws SQLException
  {
    ResultSetMetaData meta = rows.getMetaData();
    int columns = meta.getColumnCount();
    StringBuilder head = new StringBuilder();
    for (int i = 1; i <= columns; i++) {
      head.append(meta.getColumnLabel(i)).append(':').append(meta.getColumnTypeName(i)).append('/').append(meta.getColumnType(i)).append(' ');
    }
    out.line(head);
    while (rows.next()) {
      StringBuilder row = new StringBuilder();
      for (int i = 1; i <= columns; i++) {
        Object value = rows.getObject(i);
        String text = value instanceof Array ? Arrays.deepToString((Object[]) ((Array) value).getArray()) : String.valueOf(value);
        row.append(text).append(value == null ? "" : ":" + value.getClass().getSimpleName().replaceAll("^ArrayImpl$", "Array")).append(' ');
      }
      out.line(row);
    }
    rows.close();
  }

  private static void query(Printer out, Connection connection, String sql) throws SQLException
  {
    try (Statement statement = connection.createStatement()) {
      rows(out, statement.executeQuery(sql));
    }
  }

  /** On a connection of its own: a statement that failed may stay open there. */
  private void alone(Printer out, String sql, String... properties) throws SQLException
  {
    try (Connection connection = open(properties)) {
      query(out, connection, sql);
    }
  }

  /** The number of rows, and what is in them. */
  private static String digest(ResultSet rows) throws Exception
  {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    int columns = rows.getMetaData().getColumnCount();
    int count = 0;
    while (rows.next()) {
      count++;
      for (int i = 1; i <= columns; i++) {
        digest.update((rows.getString(i) + "\t").getBytes(StandardCharsets.UTF_8));
      }
    }
    rows.close();
    return count + " rows " + HexFormat.of().formatHex(digest.digest());
  }

  private void metadata(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      out.line(connection.getCatalog(), connection.getSchema(), connection.isReadOnly(), connection.getAutoCommit());
      out.line("product", connection.getMetaData().getDatabaseProductName());
      rows(out, connection.getMetaData().getCatalogs());
      rows(out, connection.getMetaData().getSchemas());
      rows(out, connection.getMetaData().getSchemas("druid", "dr%"));
      rows(out, connection.getMetaData().getTableTypes());
      rows(out, connection.getMetaData().getTables(null, "druid", "ev%", null));
      rows(out, connection.getMetaData().getTables("druid", "sys", null, new String[]{"SYSTEM_TABLE"}));
      rows(out, connection.getMetaData().getColumns(null, "druid", "events", null));
      show("metadata of types", line -> rows(line, connection.getMetaData().getTypeInfo()));
      show("metadata of keys", line -> rows(line, connection.getMetaData().getPrimaryKeys(null, "druid", "events")));
    }
  }

  private void values(Printer out) throws Exception
  {
    String[] expressions = {
        "'Москва 🌍'", "CAST(NULL AS VARCHAR)", "TRUE", "CAST(9007199254740993 AS BIGINT)", "CAST(3 AS INTEGER)", "1.5E0",
        "CAST(67.236 AS FLOAT)", "CAST(1.25 AS DECIMAL(10, 2))", "TIMESTAMP '2026-11-01 05:30:00.123'", "DATE '2026-11-01'",
        "ARRAY['a', 'b', NULL]", "ARRAY[1, 2]", "MV_TO_ARRAY(STRING_TO_MV('x,y', ','))", "1.0E0 / 3", "CAST('NaN' AS DOUBLE)",
        "JSON_OBJECT('a': 1)", "CAST(NULL AS BIGINT)", "''",
    };
    for (String expression : expressions) {
      show("value " + expression, line -> alone(line, "SELECT " + expression + " AS v"));
    }
    show("value of every column", line -> alone(line, "SELECT * FROM events ORDER BY __time LIMIT 5"));
  }

  private void parameters(Printer out) throws Exception
  {
    Calendar berlin = Calendar.getInstance(TimeZone.getTimeZone("Europe/Berlin"));
    Setter[] setters = {
        s -> s.setString(1, "Zürich 🌍 'x'"), s -> s.setInt(1, -5), s -> s.setLong(1, 9007199254740993L), s -> s.setDouble(1, 0.1),
        s -> s.setFloat(1, 67.236f), s -> s.setBoolean(1, true), s -> s.setShort(1, (short) 3), s -> s.setByte(1, (byte) 7),
        s -> s.setBigDecimal(1, new BigDecimal("12345678901234567890.12")), s -> s.setTimestamp(1, new Timestamp(1_793_512_345_678L)),
        s -> s.setTimestamp(1, new Timestamp(1_793_512_345_678L), berlin), s -> s.setDate(1, new Date(1_793_491_200_000L)),
        s -> s.setNull(1, Types.VARCHAR), s -> s.setNull(1, Types.BIGINT), s -> s.setObject(1, "text"), s -> s.setObject(1, 5),
        s -> s.setObject(1, null), s -> s.setBytes(1, new byte[]{1, 2}), s -> s.setString(1, ""),
    };
    String[] statements = {
        "SELECT 1 + ? AS v", "SELECT COUNT(*) AS n FROM events WHERE country = ?",
        "SELECT COUNT(*) AS n FROM events WHERE price > ?", "SELECT COUNT(*) AS n FROM events WHERE __time >= ?",
    };
    try (Connection connection = open()) {
      for (String sql : statements) {
        for (int i = 0; i < setters.length; i++) {
          Setter setter = setters[i];
          show("parameter " + i + " of " + sql, line -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
              setter.set(statement);
              rows(line, statement.executeQuery());
            }
          });
        }
      }
      try (PreparedStatement statement = connection.prepareStatement("SELECT country, COUNT(*) AS n FROM events WHERE country = ? AND added > ? AND __time >= ? GROUP BY 1")) {
        out.line(statement.getParameterMetaData().getParameterCount(), statement.getParameterMetaData().getParameterTypeName(1), statement.getMetaData().getColumnCount());
        statement.setString(1, "DE");
        statement.setLong(2, 50);
        statement.setTimestamp(3, new Timestamp(0));
        rows(out, statement.executeQuery());
      }
    }
  }

  private void limit(Printer out) throws Exception
  {
    try (Connection connection = open(); PreparedStatement statement = connection.prepareStatement("SELECT country, COUNT(*) FROM events GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?")) {
      statement.setInt(1, 3);
      rows(out, statement.executeQuery());
    }
  }

  private void again(Printer out) throws Exception
  {
    try (Connection connection = open(); PreparedStatement statement = connection.prepareStatement("SELECT COUNT(*) AS n FROM events WHERE country = ?")) {
      for (String country : new String[]{"DE", "US", "nowhere", "DE"}) {
        statement.setString(1, country);
        rows(out, statement.executeQuery());
      }
    }
  }

  private void frames(Printer out) throws Exception
  {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      out.line(digest(statement.executeQuery(ROWS + " LIMIT " + FRAMES_ROWS)));
    }
  }

  private void fetchSize(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(5_000);
        out.line(digest(statement.executeQuery(ALL_ROWS)));
      }
      try (PreparedStatement statement = connection.prepareStatement(ROWS + " LIMIT 12000")) {
        statement.setFetchSize(2_500);
        out.line(digest(statement.executeQuery()));
      }
    }
  }

  private void maxRows(Printer out) throws Exception
  {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      statement.setMaxRows(250);
      statement.setFetchSize(1_000);
      out.line(digest(statement.executeQuery(ROWS + " LIMIT 7000")));
    }
  }

  private void errors(Printer out) throws Exception
  {
    String[] wrong = {
        "SELECT FROM", "SELECT x FROM nowhere", "SELECT nothing FROM events", "SELECT CAST(3 AS SMALLINT) AS v", "SELECT ? AS v",
        "INSERT INTO events SELECT 1", "SET timeout = 5", "SELECT 1; SELECT 2", "", "SELECT 1 / 0", "EXPLAIN PLAN FOR SELECT 1",
    };
    for (String sql : wrong) {
      show("error of " + sql, line -> alone(line, sql));
      show("error of prepared " + sql, line -> {
        try (Connection connection = open(); PreparedStatement statement = connection.prepareStatement(sql)) {
          rows(line, statement.executeQuery());
        }
      });
    }
    // A statement whose preparation failed stays open at the server.
    try (Connection connection = open()) {
      for (int i = 0; i < 6; i++) {
        show("error " + i + " of one connection", line -> connection.prepareStatement("SELECT FROM"));
      }
    }
    show("error of a context", line -> alone(line, "SELECT 1", "timeout", "abc"));
    show("error of an endpoint", line -> DriverManager.getConnection("jdbc:avatica:remote:url=" + url + "/nowhere/").createStatement());
  }

  private void tooMany(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      List<Statement> open = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        open.add(connection.createStatement());
        open.get(i).executeQuery("SELECT country FROM events LIMIT 10");
      }
      show("statement 5", line -> query(line, connection, "SELECT 1 AS fifth"));
      show("statement 5, prepared", line -> connection.prepareStatement("SELECT 1 AS fifth"));
      open.get(0).close();
      query(out, connection, "SELECT 1 AS again");
    }
  }

  private void cancel(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      Statement statement = connection.createStatement();
      ResultSet rows = statement.executeQuery(ROWS + " LIMIT 8000");
      for (int i = 0; i < 10; i++) {
        rows.next();
      }
      statement.cancel();
      show("cancel in mid-result", line -> line.line(digest(rows)));
      show("cancel and execute", line -> rows(line, statement.executeQuery("SELECT 1 AS v")));
      statement.close();
      query(out, connection, "SELECT 1 AS alive");
    }
  }

  private void interleaved(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      List<ResultSet> results = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Statement statement = connection.createStatement();
        statement.setFetchSize(700 + i);
        // By two columns: of one Druid makes a topN of so many groups, which takes it ten times as long.
        results.add(statement.executeQuery("SELECT reqId, country, " + i + " AS i FROM events WHERE __time < TIMESTAMP '2026-10-10' GROUP BY 1, 2 ORDER BY 1 LIMIT " + (7_000 + i)));
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      int count = 0;
      for (int step = 0; step < 7_002; step++) {
        for (ResultSet rows : results) {
          if (rows.next()) {
            count++;
            digest.update((rows.getString(1) + rows.getString(3)).getBytes(StandardCharsets.UTF_8));
          }
        }
      }
      out.line(count, HexFormat.of().formatHex(digest.digest()));
      for (ResultSet rows : results) {
        rows.getStatement().close();
      }
    }
  }

  private void context(Printer out) throws Exception
  {
    String sql = "SELECT TIME_FLOOR(TIMESTAMP '2026-11-01 12:00:00', 'P1D') AS d, COUNT(DISTINCT \"user\") AS n, MIN(__time) AS t FROM events";
    alone(out, sql);
    alone(out, sql, "sqlTimeZone", "America/Los_Angeles");
    alone(out, sql, "useApproximateCountDistinct", "false");
    alone(out, "SELECT ARRAY[1, 2] AS a", "sqlStringifyArrays", "true");
  }

  private void pool(Printer out) throws Exception
  {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(address());
    config.setMaximumPoolSize(4);
    config.setMinimumIdle(0);
    config.setConnectionTestQuery("SELECT 1");
    config.setConnectionTimeout(PATIENCE_MS);
    config.setValidationTimeout(PATIENCE_MS / 2);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (HikariDataSource source = new HikariDataSource(config)) {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        int at = i;
        answers.add(threads.submit(() -> {
          try (Connection connection = source.getConnection(); PreparedStatement statement = connection.prepareStatement("SELECT COUNT(*) AS n FROM events WHERE added > ?")) {
            statement.setInt(1, at);
            return digest(statement.executeQuery());
          }
        }));
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Future<String> answer : answers) {
        digest.update(answer.get().getBytes(StandardCharsets.UTF_8));
      }
      out.line(answers.size(), HexFormat.of().formatHex(digest.digest()));
    }
    finally {
      threads.shutdownNow();
    }
  }

  private void lost(Printer out) throws Exception
  {
    Connection connection = open();
    query(out, connection, "SELECT 1 AS before");
    end(connection);
    show("lost: statement", line -> query(line, connection, "SELECT 1 AS after"));
    show("lost: prepared", line -> connection.prepareStatement("SELECT 1 AS after"));
    show("lost: metadata", line -> rows(line, connection.getMetaData().getSchemas()));
    midResult("lost", open());
    preparedBefore("lost", open());
    show("lost: close", line -> connection.close());
  }

  private void lostReconnecting(Printer out) throws Exception
  {
    String[] reconnecting = {"transparent_reconnection", "true"};
    Connection connection = open(reconnecting);
    query(out, connection, "SELECT 1 AS before");
    end(connection);
    show("reconnecting: statement", line -> query(line, connection, "SELECT 1 AS after"));
    end(connection);
    show("reconnecting: prepared", line -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT 1 AS after")) {
        rows(line, statement.executeQuery());
      }
    });
    end(connection);
    show("reconnecting: metadata", line -> rows(line, connection.getMetaData().getTables(null, "druid", "dst", null)));
    midResult("reconnecting", open(reconnecting));
    preparedBefore("reconnecting", open(reconnecting));
    connection.close();
  }

  private void midResult(String name, Connection connection) throws Exception
  {
    Statement statement = connection.createStatement();
    ResultSet rows = statement.executeQuery(ROWS + " LIMIT 8000");
    for (int i = 0; i < 5_000; i++) {
      rows.next();
    }
    end(connection);
    show(name + ": in mid-result", line -> line.line(digest(rows)));
    show(name + ": behind that", line -> query(line, connection, "SELECT 1 AS after"));
    show(name + ": close", line -> connection.close());
  }

  private void preparedBefore(String name, Connection connection) throws Exception
  {
    PreparedStatement statement = connection.prepareStatement("SELECT COUNT(*) AS n FROM events WHERE country = ?");
    statement.setString(1, "DE");
    end(connection);
    show(name + ": prepared before", line -> rows(line, statement.executeQuery()));
    show(name + ": close", line -> connection.close());
  }

  private void transactions(Printer out) throws Exception
  {
    try (Connection connection = open()) {
      connection.setAutoCommit(false);
      query(out, connection, "SELECT 1 AS v");
      connection.commit();
      connection.rollback();
      show("read only", line -> {
        connection.setReadOnly(true);
        connection.setCatalog("druid");
        connection.setSchema("sys");
        line.line(connection.isReadOnly(), connection.getCatalog(), connection.getSchema());
      });
      query(out, connection, "SELECT 2 AS v");
    }
  }

  private void batches(Printer out) throws Exception
  {
    try (Connection connection = open(); Statement statement = connection.createStatement()) {
      statement.addBatch("SELECT 1");
      show("batch", line -> line.line(statement.executeBatch().length));
      show("batch, prepared", line -> {
        try (PreparedStatement prepared = connection.prepareStatement("SELECT ? AS v")) {
          prepared.setInt(1, 1);
          prepared.addBatch();
          line.line(prepared.executeBatch().length);
        }
      });
      query(out, connection, "SELECT 1 AS alive");
    }
  }

  private void closed(Printer out) throws Exception
  {
    Connection connection = open();
    Statement statement = connection.createStatement();
    statement.close();
    statement.close();
    connection.close();
    connection.close();
    out.line(connection.isClosed());
    show("closed: statement", line -> query(line, connection, "SELECT 1"));
    end(connection);
  }

  private void connections(Printer out) throws Exception
  {
    List<Connection> open = new ArrayList<>();
    try {
      // A Broker has 25 by default; others may have some of them still.
      show("connection 26", line -> {
        for (int i = 0; i < 26; i++) {
          Connection connection = open();
          open.add(connection);
          connection.createStatement().executeQuery("SELECT country FROM events LIMIT 6000");
        }
      });
      open.remove(0).close();
      try (Connection another = open()) {
        query(out, another, "SELECT 1 AS again");
      }
    }
    finally {
      for (Connection connection : open) {
        connection.close();
      }
    }
  }
}
