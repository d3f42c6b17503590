package ovate.security;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import org.apache.druid.java.util.http.client.CredentialedHttpClient;
import org.apache.druid.java.util.http.client.HttpClient;
import org.apache.druid.java.util.http.client.auth.BasicCredentials;
import org.apache.druid.server.security.AuthenticationResult;
import org.apache.druid.server.security.Escalator;

/** By whom Druid's own processes are known to each other: without one a Broker is refused by its Historicals. */
@JsonTypeName("rights")
public final class RightsEscalator implements Escalator {
  private final String user;
  private final String password;

  @JsonCreator
  public RightsEscalator(@JsonProperty("user") String user, @JsonProperty("password") String password) {
    this.user = user;
    this.password = password;
  }

  @Override
  public HttpClient createEscalatedClient(HttpClient base) {
    return new CredentialedHttpClient(new BasicCredentials(user, password), base);
  }

  @Override
  public AuthenticationResult createEscalatedAuthenticationResult() {
    return new AuthenticationResult(user, "rights", "rights", null);
  }
}
