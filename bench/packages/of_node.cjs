// Draw captchas with JavaScript packages that many sites use, for schemes.py.
//
//     node of_node.cjs PACKAGE DIR COUNT SEED MODULES
//
// MODULES is the folder that `make` installs the packages into. Writes the images and a labels.csv.
'use strict'

const crypto = require('crypto')
const fs = require('fs')
const Module = require('module')
const path = require('path')

const [name, folder, count, seed, modules] = process.argv.slice(2)
const load = Module.createRequire(path.join(path.resolve(modules), 'from.js'))

// All chance from the seed: mulberry32, also for those that ask the system for random bytes.
let state = [...`${seed} ${name}`].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) | 0, 7)
Math.random = () => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}
crypto.randomBytes = (size, done) => {
  const bytes = Buffer.from(Array.from({ length: size }, () => Math.floor(Math.random() * 256)))
  return done ? done(null, bytes) : bytes
}

const packages = {
  // Four letters and digits, with a line of noise, as the SVG is drawn on a white page.
  async svg() {
    const drawn = load('svg-captcha').create()
    const page = new (load('@resvg/resvg-js').Resvg)(drawn.data, { background: 'white' })
    return [drawn.text, page.render().asPng(), 'png']
  },
  // Five small letters in a GIF of 200x70.
  async trek() {
    const drawn = await load('trek-captcha')()
    return [drawn.token, drawn.buffer, 'gif']
  },
  // Six hexadecimal digits, struck through by a line, among decoys; on a white page.
  async canvas() {
    const drawn = load('captcha-canvas').createCaptchaSync(300, 100)
    const page = load('@napi-rs/canvas').createCanvas(300, 100)
    const context = page.getContext('2d')
    context.fillStyle = 'white'
    context.fillRect(0, 0, 300, 100)
    context.drawImage(drawn.image, 0, 0)
    return [drawn.text, page.toBuffer('image/png'), 'png']
  },
}

// captcha-canvas asks for a canvas that is fetched from elsewhere when it is installed; another
// canvas, on the same drawing library, comes from the registry itself. It hands back the canvas.
const resolved = Module._load
Module._load = (request, ...rest) => {
  if (request !== 'skia-canvas') return resolved(request, ...rest)
  const canvas = load('@napi-rs/canvas')
  function Canvas(width, height) {
    const made = canvas.createCanvas(width, height)
    made.toBufferSync = () => made
    return made
  }
  return { ...canvas, Canvas }
}

async function main() {
  const rows = ['file,label']
  for (let number = 1; number <= Number(count); number++) {
    const [label, data, suffix] = await packages[name]()
    fs.writeFileSync(path.join(folder, `${number}.${suffix}`), data)
    rows.push(`${number}.${suffix},${label}`)
  }
  fs.writeFileSync(path.join(folder, 'labels.csv'), rows.join('\n') + '\n')
}

main()
