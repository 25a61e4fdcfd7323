"""The Java buildpack in the real build root, and what it makes in a real dyno."""

from __future__ import annotations

from pathlib import Path

import pytest

BUILDPACK = Path(__file__).resolve().parents[3] / "buildpacks/java"
POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>small</artifactId>
  <version>1</version>
  <properties><maven.compiler.release>17</maven.compiler.release></properties>
  <build><plugins><plugin>
    <artifactId>maven-jar-plugin</artifactId>
    <version>3.4.2</version>
    <configuration><archive><manifest><mainClass>Small</mainClass></manifest></archive></configuration>
  </plugin></plugins></build>
</project>
"""
PROGRAM = """\
public class Small {
  public static void main(String[] arguments) throws Exception {
    var trust = javax.net.ssl.TrustManagerFactory.getInstance(javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm());
    trust.init((java.security.KeyStore) null);
    var authorities = ((javax.net.ssl.X509TrustManager) trust.getTrustManagers()[0]).getAcceptedIssuers().length;
    System.out.println(Runtime.version().feature() + " " + Runtime.getRuntime().maxMemory() / 1048576 + " MB");
    System.out.println(authorities > 50);
  }
}
"""
SMALL = {"pom.xml": POM, "src/main/java/Small.java": PROGRAM}
MAKE_JARS = """\
import pathlib, zipfile
for name, manifest in %r.items():
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", manifest)
"""
BOOT = "Spring-Boot-Version: 3.5.0\r\nMain-Class: org.springframework.boot.loader.launch.JarLauncher\r\n"
MAIN = "Main-Class: Main\r\n"


@pytest.fixture(scope="session")
def first(sandbox_in, tmp_path_factory):
    """A first build, whose cache the others get: it has Maven's plugins."""
    built = sandbox_in(tmp_path_factory.mktemp("java") / "first")
    return built, built.build(SMALL)


def test_the_only_program_is_web(first, make_sandbox):
    """The slug has no Java of its own; a dyno's heap follows its memory, and it trusts what Debian trusts."""
    built, ended = first
    assert ended.status == 0, ended.output
    assert "-----> No Java version was specified: using the default, Java 21\n" in ended.output
    assert "-----> Running: mvn -DskipTests clean install\n" in ended.output
    assert " files downloaded\n" in ended.output
    assert "Downloading from" not in ended.output
    assert built.result["process_types"] == {"web": "java $JAVA_OPTS -jar target/small-1.jar"}
    assert not [name for name in built.slug_names() if name.endswith("/modules")]

    dyno = make_sandbox("dyno")
    dyno.take_slug_of(built)
    ended = dyno.boot("eval java $JAVA_OPTS -jar target/small-1.jar", config={"JAVA_OPTS": "-Xmx100m"})
    said, *lines = ended.output.splitlines()
    assert "-Xmx307m" in said
    assert lines == ["21 100 MB", "true"]


def test_java_17_by_system_properties(again, make_sandbox):
    """A patch release that is not here is replaced by the one that is, with a warning; nothing is fetched again."""
    built, ended = again({**SMALL, "system.properties": "# ours\njava.runtime.version = 17.0.1\r\n"})
    assert ended.status == 0, ended.output
    assert "-----> Using Java 17, specified in system.properties\n" in ended.output
    assert "Warning: Java 17.0.1 is not here" in ended.output
    assert "files downloaded" not in ended.output

    dyno = make_sandbox("dyno")
    dyno.take_slug_of(built)
    ended = dyno.boot("java -jar target/small-1.jar", NOMAPAAS_DYNO="run.1")
    assert ended.output.startswith("17 ")


@pytest.mark.parametrize(
    ("jars", "command"),
    [
        (
            {"target/a.jar": BOOT, "target/a-sources.jar": MAIN, "target/tool.jar": MAIN},
            "java -Dserver.port=$PORT $JAVA_OPTS -jar target/a.jar",
        ),
        ({"server/target/it's.war": BOOT}, r"java -Dserver.port=$PORT $JAVA_OPTS -jar server/target/it\'s.war"),
        ({"target/a.jar": MAIN, "target/original-a.jar": MAIN}, "java $JAVA_OPTS -jar target/a.jar"),
        ({"target/a.jar": MAIN, "target/b.jar": MAIN}, ""),
        ({"target/a.jar": "Created-By: x\r\n", "target/classes/x.jar": MAIN}, ""),
    ],
)
def test_which_file_is_started(sandbox, jars, command):
    """Spring Boot's, else the only one with a main class."""
    files = {"make": MAKE_JARS % jars, "jars.sh": (BUILDPACK / "lib/jars.sh").read_text()}

    ended = sandbox.boot("python3 make && source ./jars.sh && jars::command", files)

    assert (ended.status, ended.output) == (0, command)


def test_databases_in_javas_words(sandbox):
    """DATABASE_URL as JDBC and Spring have it: decoded where a program reads it, encoded in a URL."""
    files = {".profile.d/java.sh": "JAVA_HOME=/x\n" + (BUILDPACK / "lib/profile.d/java.sh").read_text()}

    ended = sandbox.boot(
        "printenv JDBC_DATABASE_URL SPRING_DATASOURCE_USERNAME SPRING_DATASOURCE_PASSWORD",
        files,
        config={"DATABASE_URL": r"postgres://me:p%40\x@db.test:5432/mine?sslmode=require"},
    )

    assert ended.output.splitlines() == [
        r"jdbc:postgresql://db.test:5432/mine?sslmode=require&user=me&password=p%40\x",
        "me",
        r"p@\x",
    ]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pom.xml": POM.replace(">17<", ">99<")}, "Error: The app wants another Java than 21."),
        (
            {
                "pom.xml": POM.replace(
                    "<build>",
                    "<dependencies><dependency><groupId>com.example</groupId><artifactId>no-such-thing</artifactId>"
                    "<version>1</version></dependency></dependencies><build>",
                )
            },
            "Error: Maven could not fetch what the app needs.",
        ),
    ],
)
def test_what_does_not_build_is_explained(again, files, said):
    """What Maven says, and then how to mend it."""
    _, ended = again({**SMALL, **files}, config={"MAVEN_CUSTOM_GOALS": "compile"})

    assert said in ended.output
    assert ended.status == 50


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"build.gradle": ""}, "    nomapaas buildpacks:set URL"),
        ({"mvnw": ""}, "Error: There is a mvnw, but no pom.xml."),
        ({**SMALL, "system.properties": "java.runtime.version=25\n"}, "This stack has: Java 21, 17."),
        ({**SMALL, "system.properties": "java.runtime.version=newest\n"}, "It holds: java.runtime.version=newest"),
        ({**SMALL, "system.properties": "maven.version=../3\n"}, "Error: There is no Maven ../3 to be had."),
    ],
)
def test_what_is_wrong_is_explained(sandbox, files, said):
    """Before Maven starts: what is wrong, and what there is."""
    ended = sandbox.build(files)

    assert said in ended.output
    assert ended.status == 50


def test_settings_that_are_not_there(sandbox):
    """A config var that names a file of the source."""
    ended = sandbox.build(SMALL, config={"MAVEN_SETTINGS_PATH": "mine.xml"})

    assert "Error: There is no file mine.xml." in ended.output
    assert ended.status == 50
