'use strict'
// One scuttleup log over level, replicating over TCP: node scuttleup.js FOLDER ID [sync]
// sync: each batch is fsynced before it counts as written, which scuttleup itself never asks for.

const net = require('net')
const level = require('level')
const scuttleup = require('scuttleup')
const { now, cpu, payload, serve, gate } = require('./participant')

const ENTRY_BYTES = 100
const AT_ONCE = 10000 // entries in a batch when a history is made

const [folder, id, durable] = process.argv.slice(2)

const open = () => {
  const db = level(folder, { valueEncoding: 'binary' })
  if (durable === 'sync') {
    const batch = db.batch.bind(db)
    db.batch = (operations, done) => batch(operations, { sync: true }, done)
  }
  return db
}

const db = open()
const log = scuttleup(db, { id })
const changed = gate()
const sockets = []
let own = 0 // entries of its own that are written
let others = 0 // entries by others that are written
let last = 0 // when the last of them was
let received = 0 // entries that came over connections, again or for the first time
let connected = 0 // when the first connection was there
let open_ = 0 // replication streams whose other side has said hello

log.on('append', (change) => {
  if (change.peer === log.id) own++
  else {
    others++
    last = now()
  }
  changed.poke()
})

// Counts the length-prefixed messages that arrive: a handshake, then one for each entry.
const count = (socket) => {
  let left = 0 // bytes of the message that are yet to come
  let size = 0
  let shift = 0
  let messages = 0
  socket.on('data', (data) => {
    for (let at = 0; at < data.length;) {
      if (left) {
        const step = Math.min(left, data.length - at)
        left -= step
        at += step
        continue
      }
      const byte = data[at++]
      size |= (byte & 127) << shift
      shift += 7
      if (byte < 128) {
        left = size
        size = shift = 0
        if (messages++) received++
      }
    }
  })
}

const replicate = (socket, counting) => {
  if (!connected) connected = now()
  socket.setNoDelay(true)
  sockets.push(socket)
  if (counting) count(socket)
  const stream = log.createReplicationStream()
  stream.on('connect', () => {
    open_++
    changed.poke()
  })
  socket.pipe(stream).pipe(socket)
}

const ready = () => log.id ? null : new Promise((resolve) => log.once('ready', resolve))

const writeFeed = (author, messages, size) => new Promise((resolve) => {
  const stream = log.createWriteStream()
  let seq = 0
  const write = () => {
    while (seq < messages) {
      seq++
      if (!stream.write({ peer: author, seq, entry: payload(size, seq) })) return stream.once('drain', write)
    }
    stream.end()
  }
  stream.on('finish', resolve)
  write()
})

serve({
  fill: async ({ messages, authors, size }) => {
    await ready()
    if (authors > 1) {
      const share = messages / authors
      await Promise.all(Array.from({ length: authors }, (_, n) => writeFeed(`author${n}`, share, size)))
    } else {
      for (let n = 0; n < messages;) {
        for (const end = Math.min(n + AT_ONCE, messages); n < end; n++) log.append(payload(size, n))
        await changed.until(() => own === n)
      }
    }
    await db.close()
  },
  listen: async ({ counting }) => {
    await ready()
    const server = net.createServer((socket) => replicate(socket, counting))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: server.address().port }
  },
  connect: async ({ ports, counting }) => {
    await ready()
    await Promise.all(ports.map((port) => new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => { replicate(socket, counting); resolve() })
      socket.on('error', reject)
    })))
  },
  connections: async ({ number }) => { await changed.until(() => open_ >= number) },
  append: async ({ messages, interval, after }) => {
    const begun = now() + after
    for (let n = 0; n < messages; n++) {
      if (interval) await new Promise((resolve) => setTimeout(resolve, Math.max(0, (begun + n * interval - now()) * 1e3)))
      log.append(payload(ENTRY_BYTES, n))
    }
    return { begun }
  },
  until: async ({ entries }) => {
    await changed.until(() => others >= entries)
    return { last, connected }
  },
  // Appends that say when they were written, one at a time.
  tell: async ({ messages, interval }) => {
    for (let n = 0; n < messages; n++) {
      await new Promise((resolve) => setTimeout(resolve, interval * 1e3))
      log.append(Buffer.from(now().toFixed(9).padEnd(ENTRY_BYTES)))
    }
  },
  // How long each of the next entries took from there to here, in seconds.
  follow: ({ messages }) => new Promise((resolve) => {
    const times = []
    const stream = log.createReadStream({ live: true, tail: true })
    process.stdout.write('{}\n') // listening
    stream.on('data', (change) => {
      times.push(now() - parseFloat(change.entry.toString()))
      if (times.length === messages) {
        stream.destroy()
        resolve({ times })
      }
    })
  }),
  // How long it takes to read everything, which is how one finds the newest of several authors' entries.
  read: async () => {
    const begun = now()
    await ready()
    return new Promise((resolve) => {
      const stream = log.createReadStream({ live: false })
      let entries = 0
      stream.on('data', () => { entries++ })
      stream.on('end', () => resolve({ seconds: now() - begun, entries }))
    })
  },
  figures: async () => ({
    cpu: cpu(),
    received,
    others,
    sent: sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0)
  })
})
