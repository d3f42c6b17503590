package ovate.security;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import javax.servlet.DispatcherType;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.FilterConfig;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.druid.server.security.AuthConfig;
import org.apache.druid.server.security.AuthenticationResult;
import org.apache.druid.server.security.Authenticator;

/** Knows users by the first of these headers that a request has: credentials, a session's cookie, a name that a proxy vouches for. */
@JsonTypeName("rights")
public final class RightsAuthenticator implements Authenticator {
  private static final String[] HEADERS = {"authorization", "cookie", "x-forwarded-user"};
  private final RightsFile rights;

  @JsonCreator
  public RightsAuthenticator(@JsonProperty("file") String file) {
    rights = new RightsFile(file);
  }

  @Override
  public Filter getFilter() {
    return new Filter() {
      @Override
      public void init(FilterConfig config) {}

      @Override
      public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
          throws IOException, ServletException {
        for (String header : HEADERS) {
          String value = ((HttpServletRequest) request).getHeader(header);
          if (value == null) {
            continue;
          }
          String user = rights.userKnownBy(header, value);
          if (user == null) {
            ((HttpServletResponse) response).setHeader("WWW-Authenticate", getAuthChallengeHeader());
            ((HttpServletResponse) response).sendError(HttpServletResponse.SC_UNAUTHORIZED, "User is not known");
            return;
          }
          request.setAttribute(AuthConfig.DRUID_AUTHENTICATION_RESULT, resultFor(user));
          break;
        }
        chain.doFilter(request, response);
      }

      @Override
      public void destroy() {}
    };
  }

  @Override
  public AuthenticationResult authenticateJDBCContext(Map<String, Object> context) {
    String text = context.get("user") + ":" + context.get("password");
    String coded = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    String user = rights.userKnownBy("authorization", "Basic " + coded);
    return user == null ? null : resultFor(user);
  }

  @Override
  public String getAuthChallengeHeader() {
    return "Basic realm=\"rights\"";
  }

  @Override
  public Class<? extends Filter> getFilterClass() {
    return null;
  }

  @Override
  public Map<String, String> getInitParameters() {
    return Collections.emptyMap();
  }

  @Override
  public String getPath() {
    return "/*";
  }

  @Override
  public EnumSet<DispatcherType> getDispatcherType() {
    return null;
  }

  private static AuthenticationResult resultFor(String user) {
    return new AuthenticationResult(user, "rights", "rights", null);
  }
}
