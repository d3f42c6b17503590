// Java, and Druid's and Kafka's jars: found or fetched once, kept in the state folder.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { HOME } from './home.ts'
import { within } from './wait.ts'

const DRUID_VERSION = '33.0.0'
const KAFKA_VERSION = '3.9.1'
const DRUIDRY_VERSION = '3.1'

export interface Jars {
  readonly java: string
  readonly classPath: string
  /** Where the class data archive of this class path is, or will be. */
  readonly archive: string
}

const run = promisify(execFile)
const ARTIFACTS = join(HOME, 'artifacts')
const RESOLVE_MS = 15 * 60_000
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath'

/**
 * The import pins Druid's own versions (else Maven mixes Guice versions). Sigar, excluded, is not on Maven Central and
 * unused without monitors.
 */
const DRUID_POM = `
  <dependencyManagement><dependencies>
    <dependency><groupId>org.apache.druid</groupId><artifactId>druid</artifactId>
      <version>${DRUID_VERSION}</version><type>pom</type><scope>import</scope></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>org.apache.druid</groupId><artifactId>druid-services</artifactId>
      <version>${DRUID_VERSION}</version>
      <exclusions><exclusion><groupId>org.hyperic</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>org.apache.druid.extensions</groupId><artifactId>druid-datasketches</artifactId>
      <version>${DRUID_VERSION}</version></dependency>
    <dependency><groupId>org.apache.druid.extensions</groupId><artifactId>druid-kafka-indexing-service</artifactId>
      <version>${DRUID_VERSION}</version></dependency>
  </dependencies>`

const KAFKA_POM = `
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>`

const JDBC_POM = (avatica: string): string => `
  <dependencies>
    <dependency><groupId>org.apache.calcite.avatica</groupId><artifactId>avatica-core</artifactId>
      <version>${avatica}</version></dependency>
    <dependency><groupId>com.zaxxer</groupId><artifactId>HikariCP</artifactId><version>5.1.0</version></dependency>
  </dependencies>`

const DRUIDRY_POM = `
  <dependencies>
    <dependency><groupId>in.zapr.druid</groupId><artifactId>druidry</artifactId>
      <version>${DRUIDRY_VERSION}</version></dependency>
    <dependency><groupId>javax.xml.bind</groupId><artifactId>jaxb-api</artifactId><version>2.3.1</version></dependency>
  </dependencies>`

/** Druid's jars (ZooKeeper's are among them). Fetches what is missing, minutes on a cold machine. */
export function druidJars(signal: AbortSignal): Promise<Jars> {
  return resolveJars(`druid-${DRUID_VERSION}`, DRUID_POM, signal)
}

/** The jars of a Kafka node and client. */
export function kafkaJars(signal: AbortSignal): Promise<Jars> {
  return resolveJars(`kafka-${KAFKA_VERSION}`, KAFKA_POM, signal)
}

/** The jars of Druid's JDBC driver in a version, and of a pool. */
export function jdbcJars(avatica: string, signal: AbortSignal): Promise<Jars> {
  return resolveJars(`avatica-${avatica}`, JDBC_POM(avatica), signal)
}

/** druidry's jars, with the parts of XML binding that Java 8 still brought with it and its Jersey expects. */
export function druidryJars(signal: AbortSignal): Promise<Jars> {
  return resolveJars(`druidry-${DRUIDRY_VERSION}`, DRUIDRY_POM, signal)
}

/** Why no cluster can run here, in a sentence; undefined when one can. */
export async function whatIsMissing(signal: AbortSignal): Promise<string | undefined> {
  const java = await findJava(signal)
  if (java === undefined) return 'no JDK 17 (looked at OVATE_JAVA, JAVA_HOME, PATH and /usr/lib/jvm)'
  if (keptClassPath(`druid-${DRUID_VERSION}`) !== undefined) return undefined
  return run('mvn', ['-v'], { signal: within(60_000, signal) }).then(
    () => undefined,
    () => 'no Maven (mvn) on the PATH',
  )
}

async function resolveJars(name: string, pom: string, signal: AbortSignal): Promise<Jars> {
  const java = await findJava(signal)
  if (java === undefined) throw new Error('a JDK 17 is needed: set OVATE_JAVA to its java')
  const classPath = keptClassPath(name) ?? (await askMaven(name, pom, signal))
  // An archive fits one class path and one virtual machine only; any other is silently not used.
  const key = createHash('sha256').update(`${java}\n${classPath}`).digest('hex').slice(0, 12)
  return { java, classPath, archive: join(ARTIFACTS, `${name}-${key}.jsa`) }
}

function keptClassPath(name: string): string | undefined {
  const file = classPathFile(name)
  if (!existsSync(file)) return undefined
  const classPath = readFileSync(file, 'utf8').trim()
  return classPath !== '' && classPath.split(delimiter).every((jar) => existsSync(jar))
    ? classPath
    : undefined
}

async function askMaven(name: string, dependencies: string, signal: AbortSignal): Promise<string> {
  const folder = join(ARTIFACTS, name)
  mkdirSync(folder, { recursive: true })
  const pom = join(folder, 'pom.xml')
  writeFileSync(pom, pomOf(name, dependencies))
  const part = join(folder, `classpath-${process.pid}.part`)
  try {
    const args = ['-B', '-q', '-f', pom, PLUGIN, '-DincludeScope=runtime', `-Dmdep.outputFile=${part}`]
    await run('mvn', args, { signal: within(RESOLVE_MS, signal), maxBuffer: 64 * 1024 * 1024 })
    renameSync(part, classPathFile(name))
  } finally {
    rmSync(part, { force: true })
  }
  const classPath = keptClassPath(name)
  if (classPath === undefined) throw new Error(`Maven resolved ${name} to jars that are not there`)
  return classPath
}

function pomOf(name: string, dependencies: string): string {
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local.ovate</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>
  ${dependencies}
</project>
`
}

function classPathFile(name: string): string {
  return join(ARTIFACTS, name, 'classpath.txt')
}

async function findJava(signal: AbortSignal): Promise<string | undefined> {
  const home = process.env['JAVA_HOME']
  const candidates = [
    process.env['OVATE_JAVA'],
    home === undefined ? undefined : join(home, 'bin/java'),
    'java',
    '/usr/lib/jvm/java-17-openjdk-amd64/bin/java',
    '/usr/lib/jvm/java-17-openjdk-arm64/bin/java',
  ]
  for (const java of candidates) {
    if (java !== undefined && (await isJava17(java, signal))) return java
  }
  return undefined
}

/** Druid 33 runs on 11 and 17; with newer ones its services need flags that were not tried. */
async function isJava17(java: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { stderr } = await run(java, ['-version'], { signal: within(60_000, signal) })
    return /version "17[."]/.test(stderr)
  } catch {
    return false
  }
}
