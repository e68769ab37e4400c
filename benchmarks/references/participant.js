'use strict'
// What all participants share: a command per line on stdin, an answer per line on stdout, clocks and payloads.
// Commands are carried out one after another; an answer says when something happened, not when it was read.

const readline = require('readline')

// Seconds of the monotonic clock.
const now = () => Number(process.hrtime.bigint()) / 1e9

const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

// An entry's bytes: letters that do not compress to nothing, the same in each run.
const payload = (size, number) => {
  const bytes = Buffer.allocUnsafe(size)
  let state = (number * 2654435761 + 1) >>> 0
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = 97 + ((state >>> 24) % 26)
  }
  return bytes
}

const serve = async (commands) => {
  const lines = readline.createInterface({ input: process.stdin })
  for await (const line of lines) {
    const { command, ...given } = JSON.parse(line)
    const answer = await commands[command](given)
    process.stdout.write(JSON.stringify(answer || {}) + '\n')
  }
  process.exit(0)
}

// Resolves when `reached()` is true; `poke` is to be called whenever that may have changed.
const gate = () => {
  let waiting = null
  return {
    poke: () => { if (waiting && waiting.reached()) { waiting.resolve(); waiting = null } },
    until: (reached) => reached() ? null : new Promise((resolve) => { waiting = { reached, resolve } })
  }
}

module.exports = { now, cpu, payload, serve, gate }
