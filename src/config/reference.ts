// docs/configuration.md, made from the schema.
import { type Section, sections, type Setting } from './walk.ts'

/** The configuration reference as Markdown. */
export function configurationReference(): string {
  return `${HEAD}\n${sections().map(sectionText).join('\n')}`
}

const HEAD = `# Configuration

One YAML file (\`ovate serve --config FILE\`, else the one that \`OVATE_CONFIG\` names); [config/](../config) has one for each common situation. Each setting can also be given
by the environment variable beside it, which beats the file; lists are separated by commas. Secrets can be given by file
(\`passwordFile\`, \`tokenFile\`, \`secretFile\`, \`authFile\`, \`sentinelPasswordFile\`), so that they stand neither in the configuration nor in the environment.

Durations: \`250ms\`, \`5s\`, \`1m\`, \`2h\`, \`PT5S\`, or a number of ms. Sizes: \`256MiB\`, \`64KB\`, or a number of bytes. A name that isn't
listed here is a mistake, and all mistakes are told at once.

This page is made from the schema by \`npm run docs\`.
`

function sectionText({ path, doc, settings }: Section): string {
  const title = path.join('.').replace('*', '<datasource>')
  return `## ${title}\n${doc === '' ? '' : `\n${doc}\n`}
| Setting | Allowed | Default | What it does |
| --- | --- | --- | --- |
${settings.map(settingText).join('\n')}
`
}

function settingText({ path, variable, allowed, fallback, doc }: Setting): string {
  const name = `\`${path.at(-1) ?? ''}\`${variable === undefined ? '' : `<br>\`${variable}\``}`
  return `| ${name} | ${allowed} | ${fallback === undefined ? '' : `\`${fallback}\``} | ${doc} |`
}
