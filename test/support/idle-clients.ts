// A program: opens connections to a port, asks something on each and reads the answer, then holds them until its stdin
// ends. Says `ready` when all of them are idle. Arguments: port, count, path.
import { connect, type Socket } from 'node:net'

const [port = '', count = '', path = ''] = process.argv.slice(2)
const REQUEST = `GET ${path} HTTP/1.1\r\nHost: ovate\r\n\r\n`
/** Listeners take only so many that wait to be taken. */
const AT_ONCE = 100

const sockets: Socket[] = []

async function idle(): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1')
  sockets.push(socket)
  socket.write(REQUEST)
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve()).once('error', reject)
  })
}

async function lane(): Promise<void> {
  while (sockets.length < Number(count)) await idle()
}

await Promise.all(Array.from({ length: AT_ONCE }, lane))
const closed = sockets.filter((socket) => socket.destroyed).length
process.stdout.write(closed === 0 ? 'ready\n' : `${closed} were closed\n`)
process.stdin.resume().on('end', () => process.exit())
