// Brokers that the operator lists.
import { type BrokerSource } from './broker-source.ts'
import { type BrokerAddress } from './druid.ts'

/** The Brokers (or a Router) at these URLs, all of one service group. @throws TypeError for what is no http(s) URL. */
export function fixedSource(urls: readonly string[], service: string): BrokerSource {
  const brokers = urls.map((url) => brokerAt(url, service))
  return { start: (onChange) => onChange(brokers), stop: () => Promise.resolve() }
}

/** The Broker at a URL, of which no more is known. */
export function brokerAt(text: string, service: string): BrokerAddress {
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`no http(s) URL: ${text}`)
  const port = url.port === '' ? { 'http:': '80', 'https:': '443' }[url.protocol] : url.port
  return { id: `${url.hostname}:${port}`, url: url.origin, service, startTime: undefined, version: undefined }
}
