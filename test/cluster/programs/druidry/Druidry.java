// druidry's Jersey client, run as a single source file: native queries in chunks, texts and objects back.

import in.zapr.druid.druidry.aggregator.CountAggregator;
import in.zapr.druid.druidry.aggregator.DruidAggregator;
import in.zapr.druid.druidry.aggregator.LongSumAggregator;
import in.zapr.druid.druidry.client.DruidClient;
import in.zapr.druid.druidry.client.DruidConfiguration;
import in.zapr.druid.druidry.client.DruidJerseyClient;
import in.zapr.druid.druidry.client.DruidQueryProtocol;
import in.zapr.druid.druidry.dataSource.TableDataSource;
import in.zapr.druid.druidry.dimension.SimpleDimension;
import in.zapr.druid.druidry.filter.InFilter;
import in.zapr.druid.druidry.filter.SelectorFilter;
import in.zapr.druid.druidry.filter.searchQuerySpec.InsensitiveContainsSearchQuerySpec;
import in.zapr.druid.druidry.granularity.PeriodGranularity;
import in.zapr.druid.druidry.granularity.PredefinedGranularity;
import in.zapr.druid.druidry.granularity.SimpleGranularity;
import in.zapr.druid.druidry.limitSpec.DefaultLimitSpec;
import in.zapr.druid.druidry.limitSpec.orderByColumnSpec.OrderByColumnSpecString;
import in.zapr.druid.druidry.query.DruidQuery;
import in.zapr.druid.druidry.query.aggregation.DruidGroupByQuery;
import in.zapr.druid.druidry.query.aggregation.DruidTimeSeriesQuery;
import in.zapr.druid.druidry.query.aggregation.DruidTopNQuery;
import in.zapr.druid.druidry.query.config.Context;
import in.zapr.druid.druidry.query.config.Interval;
import in.zapr.druid.druidry.query.scan.DruidScanQuery;
import in.zapr.druid.druidry.query.scan.ResultFormat;
import in.zapr.druid.druidry.query.search.DruidSearchQuery;
import in.zapr.druid.druidry.topNMetric.SimpleMetric;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.joda.time.DateTime;
import org.joda.time.DateTimeZone;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

public class Druidry {
  private static final com.fasterxml.jackson.databind.ObjectMapper JSON =
      new com.fasterxml.jackson.databind.ObjectMapper();
  private static final TableDataSource EVENTS = new TableDataSource("events");
  private static final SimpleGranularity ALL = new SimpleGranularity(PredefinedGranularity.ALL);
  private static final SimpleGranularity DAY = new SimpleGranularity(PredefinedGranularity.DAY);
  private static final List<DruidAggregator> SUMS =
      List.of(new CountAggregator("n"), new LongSumAggregator("added", "added"));

  public static void main(String[] args) throws Exception {
    // Its own lines are the only ones.
    ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME))
        .setLevel(ch.qos.logback.classic.Level.OFF);
    java.util.logging.LogManager.getLogManager().reset();
    Map<String, DruidQuery> queries = queries(args[0], args[1]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader places = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = places.readLine(); line != null; line = places.readLine()) {
      String[] place = line.trim().split(":");
      DruidConfiguration configuration =
          DruidConfiguration.builder()
              .protocol(DruidQueryProtocol.HTTP)
              .host(place[0])
              .port(Integer.valueOf(place[1]))
              .endpoint("druid/v2/")
              .concurrentConnectionsRequired(4)
              .build();
      DruidClient client = new DruidJerseyClient(configuration);
      client.connect();
      for (Map.Entry<String, DruidQuery> query : queries.entrySet()) {
        out.println(told(query.getKey(), () -> client.query(query.getValue())));
        out.println(told(query.getKey() + ", as objects", () -> client.query(query.getValue(), Map.class)));
      }
      client.close();
      out.println(".");
    }
  }

  private static Map<String, DruidQuery> queries(String start, String end) {
    List<Interval> intervals = List.of(new Interval(at(start), at(end)));
    Map<String, DruidQuery> queries = new LinkedHashMap<>();
    queries.put(
        "timeseries",
        DruidTimeSeriesQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(DAY)
            .aggregators(SUMS)
            .build());
    queries.put(
        "timeseries in a zone",
        DruidTimeSeriesQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(
                PeriodGranularity.builder().period("P1D").timeZone(DateTimeZone.forID("America/New_York")).build())
            .filter(new InFilter("country", List.of("US", "DE")))
            .aggregators(SUMS)
            .descending(true)
            .build());
    queries.put(
        "topN",
        DruidTopNQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(ALL)
            .dimension(new SimpleDimension("city"))
            .topNMetric(new SimpleMetric("added"))
            .threshold(5)
            .aggregators(SUMS)
            .build());
    queries.put(
        "groupBy",
        DruidGroupByQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(ALL)
            .dimensions(List.of(new SimpleDimension("country"), new SimpleDimension("device")))
            .limitSpec(new DefaultLimitSpec(15, List.of(new OrderByColumnSpecString("country"))))
            .filter(new SelectorFilter("channel", "#en.web"))
            .aggregators(SUMS)
            .build());
    queries.put(
        "scan",
        DruidScanQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .columns(List.of("__time", "page", "city", "reqId", "tags", "price"))
            .resultFormat(ResultFormat.LIST)
            .limit(20L)
            .build());
    queries.put(
        "search",
        DruidSearchQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(ALL)
            .searchDimensions(List.of(new SimpleDimension("city")))
            .query(new InsensitiveContainsSearchQuerySpec("n"))
            .build());
    queries.put(
        "a context",
        DruidTimeSeriesQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(ALL)
            .aggregators(SUMS)
            .context(Context.builder().queryId("mine").timeoutInMilliSeconds(30_000L).useCache(false).build())
            .build());
    queries.put(
        "no table",
        DruidTimeSeriesQuery.builder()
            .dataSource(new TableDataSource("nothing"))
            .intervals(intervals)
            .granularity(DAY)
            .aggregators(SUMS)
            .build());
    queries.put(
        "refused",
        DruidGroupByQuery.builder()
            .dataSource(EVENTS)
            .intervals(intervals)
            .granularity(ALL)
            .dimensions(List.of(new SimpleDimension("country"), new SimpleDimension("country")))
            .aggregators(SUMS)
            .build());
    return queries;
  }

  private static DateTime at(String day) {
    return new DateTime(day, DateTimeZone.UTC);
  }

  private interface Asked {
    Object answer() throws Exception;
  }

  private static String told(String name, Asked asked) throws Exception {
    Object seen;
    try {
      seen = asked.answer();
    } catch (Exception error) {
      seen = Map.of("raised", error.getClass().getName(), "text", String.valueOf(error));
    }
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("case", name);
    line.put("seen", seen);
    return JSON.writeValueAsString(line).replaceAll("(127\\.0\\.0\\.1|localhost)(:\\d+)?", "HOST");
  }
}
