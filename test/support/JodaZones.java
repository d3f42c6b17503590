import java.util.ArrayList;
import java.util.List;
import org.joda.time.DateTimeZone;

/** Prints each zone of Joda-Time: name, whether it is fixed, offset at the first instant given, and the changes up to the second. */
public class JodaZones
{
  public static void main(String[] args)
  {
    long start = Long.parseLong(args[0]);
    long end = Long.parseLong(args[1]);
    for (String name : DateTimeZone.getAvailableIDs()) {
      DateTimeZone zone = DateTimeZone.forID(name);
      List<String> parts = new ArrayList<>(List.of(name, String.valueOf(zone.isFixed())));
      parts.add(start + ":" + zone.getOffset(start));
      long at = start;
      for (long next = zone.nextTransition(at); next != at && next < end; next = zone.nextTransition(at)) {
        // Some changes are of the name only.
        if (zone.getOffset(next) != zone.getOffset(next - 1)) {
          parts.add(next + ":" + zone.getOffset(next));
        }
        at = next;
      }
      System.out.println(String.join("\t", parts));
    }
  }
}
