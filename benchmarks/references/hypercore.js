'use strict'
// Hypercores, one for each author, replicating over TCP in one encrypted stream: node hypercore.js FOLDER

const net = require('net')
const Hypercore = require('hypercore')
const crypto = require('hypercore-crypto')
const { now, cpu, payload, serve, gate } = require('./participant')

const BATCH = 1000 // entries that are appended at once when a history is made

const [folder] = process.argv.slice(2)
const storage = Hypercore.defaultStorage(folder)
const changed = gate()
const sockets = []
let others = 0 // entries that came
let last = 0 // when the last of them did
let connected = 0 // when the connection was there

const author = (number) => {
  const seed = Buffer.alloc(32)
  seed.writeUInt32BE(number + 1)
  const keyPair = crypto.keyPair(seed)
  const manifest = { version: 1, quorum: 1, signers: [{ publicKey: keyPair.publicKey }] }
  return { keyPair, manifest, key: Hypercore.key(manifest) }
}

const replicate = (socket, initiator, cores) => {
  connected = now()
  socket.setNoDelay(true)
  sockets.push(socket)
  const stream = Hypercore.createProtocolStream(initiator)
  for (const core of cores) core.replicate(stream)
  socket.pipe(stream).pipe(socket)
}

serve({
  fill: async ({ messages, authors, size }) => {
    const cores = []
    for (let n = 0; n < authors; n++) {
      const { key, ...own } = author(n)
      const core = new Hypercore(storage, key, own)
      const share = messages / authors
      for (let first = 0; first < share; first += BATCH) {
        await core.append(Array.from({ length: Math.min(BATCH, share - first) }, (_, i) => payload(size, first + i)))
      }
      cores.push(core)
    }
    await Promise.all(cores.map((core) => core.close())) // the last one closes the storage
  },
  listen: async ({ authors }) => {
    const cores = Array.from({ length: authors }, (_, n) => new Hypercore(storage, author(n).key))
    await Promise.all(cores.map((core) => core.ready()))
    const server = net.createServer((socket) => replicate(socket, false, cores))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: server.address().port }
  },
  // Keys are all that a receiver knows: it asks for everything that there is.
  connect: async ({ ports, authors }) => {
    const cores = Array.from({ length: authors }, (_, n) => new Hypercore(storage, author(n).key))
    await Promise.all(cores.map((core) => core.ready()))
    for (const core of cores) {
      core.on('download', () => { others++; last = now(); changed.poke() })
      core.download({ start: 0, end: -1 })
    }
    await new Promise((resolve, reject) => {
      const socket = net.connect(ports[0], '127.0.0.1', () => { replicate(socket, true, cores); resolve() })
      socket.on('error', reject)
    })
  },
  until: async ({ entries }) => {
    await changed.until(() => others >= entries)
    return { last, connected }
  },
  figures: async () => ({
    cpu: cpu(),
    received: others,
    others,
    sent: sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0)
  })
})
