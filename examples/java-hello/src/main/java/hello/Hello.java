package hello;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/** The smallest Java app that shows where it runs. */
public final class Hello {
  private static final int SECONDS_TO_FINISH = 10;

  private Hello() {}

  public static void main(String[] arguments) throws IOException {
    var server = HttpServer.create(new InetSocketAddress(Integer.parseInt(env("PORT", "5000"))), 0);
    server.createContext("/", Hello::page);
    server.createContext("/whoami", exchange -> answer(exchange, 200, "application/json", json()));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    // A dyno that is to stop gets no new request, and finishes those that it has.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(SECONDS_TO_FINISH)));
    server.start();
  }

  /** Facts that nomapaas puts into every dyno's environment, and one config var of yours. */
  private static Map<String, String> where() {
    return Map.of(
        "greeting", env("GREETING", "Hello from nomapaas"),
        "dyno", env("DYNO", "your own machine"),
        "release", env("HEROKU_RELEASE_VERSION", "none yet"),
        "java", System.getProperty("java.version"));
  }

  private static void page(HttpExchange exchange) throws IOException {
    if (!exchange.getRequestURI().getPath().equals("/")) {
      answer(exchange, 404, "text/plain", "There is nothing here.\n");
      return;
    }
    String page;
    try (var file = Hello.class.getResourceAsStream("hello.html")) {
      page = new String(file.readAllBytes(), StandardCharsets.UTF_8);
    }
    for (var fact : where().entrySet()) {
      page = page.replace("{{" + fact.getKey() + "}}", escaped(fact.getValue()));
    }
    answer(exchange, 200, "text/html; charset=utf-8", page);
  }

  private static String json() {
    return where().entrySet().stream()
        .map(fact -> quoted(fact.getKey()) + ": " + quoted(fact.getValue()))
        .collect(Collectors.joining(", ", "{", "}\n"));
  }

  private static String quoted(String text) {
    var quoted = new StringBuilder("\"");
    text.chars().forEach(character -> {
      if (character == '"' || character == '\\' || character < ' ') {
        quoted.append(String.format("\\u%04x", character));
      } else {
        quoted.append((char) character);
      }
    });
    return quoted.append('"').toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }

  private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
    var body = text.getBytes(StandardCharsets.UTF_8);
    var head = exchange.getRequestMethod().equals("HEAD");
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, head ? -1 : body.length);
    try (exchange; var out = exchange.getResponseBody()) {
      if (!head) {
        out.write(body);
      }
    }
  }

  private static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
