package ovate.security;

import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.google.inject.Binder;
import java.util.List;
import org.apache.druid.initialization.DruidModule;

/** Makes the type `rights` of authenticators, authorizers and escalators known to Druid 33; found by service loader. */
public final class RightsModule implements DruidModule {
  @Override
  public void configure(Binder binder) {}

  @Override
  public List<? extends Module> getJacksonModules() {
    SimpleModule module = new SimpleModule("rights");
    module.registerSubtypes(RightsAuthenticator.class, RightsAuthorizer.class, RightsEscalator.class);
    return List.of(module);
  }
}
