package ovate.security;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;

/**
 * Who may do what. The file is read at each question: what was written into it holds from the next one on, and a test
 * knows when a right ended.
 *
 * <p>{"users": {"NAME": {"known": ["authorization: Basic …", "cookie: …", "x-forwarded-user: …"], "all": true,
 * "internal": true, "read": ["TABLE"], "policies": {"TABLE": FILTER}, "contextKeys": ["KEY" or "*"]}}}
 */
final class RightsFile {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private final Path path;

  RightsFile(String path) {
    this.path = Path.of(path);
  }

  /** The user whom a header's value tells; null: nobody is known by it. */
  String userKnownBy(String header, String value) {
    String wanted = header + ": " + value;
    for (Iterator<Map.Entry<String, JsonNode>> all = users().fields(); all.hasNext(); ) {
      Map.Entry<String, JsonNode> user = all.next();
      for (JsonNode known : user.getValue().path("known")) {
        if (known.asText().equals(wanted)) {
          return user.getKey();
        }
      }
    }
    return null;
  }

  JsonNode user(String name) {
    return users().path(name);
  }

  private JsonNode users() {
    try {
      return MAPPER.readTree(Files.readAllBytes(path)).path("users");
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
