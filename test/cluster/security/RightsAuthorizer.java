package ovate.security;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.druid.query.filter.DimFilter;
import org.apache.druid.query.policy.NoRestrictionPolicy;
import org.apache.druid.query.policy.RowFilterPolicy;
import org.apache.druid.server.security.Access;
import org.apache.druid.server.security.Action;
import org.apache.druid.server.security.AuthenticationResult;
import org.apache.druid.server.security.Authorizer;
import org.apache.druid.server.security.Resource;
import org.apache.druid.server.security.ResourceType;

/** Reads rights and row policies anew at each question. */
@JsonTypeName("rights")
public final class RightsAuthorizer implements Authorizer {
  private final RightsFile rights;
  /** Druid's own: its filters know what an expression is. */
  private final ObjectMapper mapper;

  @JsonCreator
  public RightsAuthorizer(@JsonProperty("file") String file, @JacksonInject ObjectMapper mapper) {
    rights = new RightsFile(file);
    this.mapper = mapper;
  }

  @Override
  public Access authorize(AuthenticationResult who, Resource resource, Action action) {
    JsonNode user = rights.user(who.getIdentity());
    boolean reads = ResourceType.DATASOURCE.equals(resource.getType()) && action == Action.READ;
    // A Historical refuses a Broker's restricted query unless the Broker's own user is told to be without restriction.
    if (reads && user.path("internal").asBoolean()) {
      return Access.allowWithRestriction(NoRestrictionPolicy.instance());
    }
    if (user.path("all").asBoolean()) {
      return Access.OK;
    }
    String name = resource.getName();
    if (ResourceType.QUERY_CONTEXT.equals(resource.getType())) {
      JsonNode keys = user.path("contextKeys");
      return has(keys, "*") || has(keys, name) ? Access.OK : Access.DENIED;
    }
    if (!reads || !has(user.path("read"), name)) {
      return Access.DENIED;
    }
    JsonNode policy = user.path("policies").path(name);
    return policy.isMissingNode() ? Access.OK : Access.allowWithRestriction(RowFilterPolicy.from(filterOf(policy)));
  }

  private DimFilter filterOf(JsonNode policy) {
    try {
      return mapper.treeToValue(policy, DimFilter.class);
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  private static boolean has(JsonNode list, String name) {
    for (JsonNode one : list) {
      if (one.asText().equals(name)) {
        return true;
      }
    }
    return false;
  }
}
