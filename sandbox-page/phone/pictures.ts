import type { PhonePicture } from '../../scripts/miniprogram/runtime/phone.js'
import type { PhoneWords } from './words.js'

type Draw = (context: CanvasRenderingContext2D) => void

const size = 240

function background(context: CanvasRenderingContext2D, from: string, to: string): void {
  const gradient = context.createLinearGradient(0, 0, 0, size)
  gradient.addColorStop(0, from)
  gradient.addColorStop(1, to)
  context.fillStyle = gradient
  context.fillRect(0, 0, size, size)
}

function disc(
  context: CanvasRenderingContext2D,
  [x, y, radius]: readonly [number, number, number],
  colour: string,
): void {
  context.fillStyle = colour
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}

function shape(
  context: CanvasRenderingContext2D,
  points: readonly (readonly [number, number])[],
  colour: string,
): void {
  context.fillStyle = colour
  context.beginPath()
  for (const [x, y] of points) context.lineTo(x, y)
  context.fill()
}

/** The first letter of the user on a colour of their own. */
const letter =
  (name: string): Draw =>
  (context) => {
    const hue = [...name].reduce((sum, character) => sum + character.codePointAt(0)! * 37, 0) % 360
    background(context, `hsl(${String(hue)} 55% 55%)`, `hsl(${String(hue + 40)} 60% 40%)`)
    context.fillStyle = '#fff'
    context.font = '500 130px system-ui, sans-serif'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText([...name][0]!.toUpperCase(), size / 2, size / 2 + 8)
  }

const orange: Draw = (context) => {
  background(context, '#fff3d6', '#ffd9a0')
  disc(context, [120, 132, 74], '#fa9d3b')
  disc(context, [96, 108, 20], '#fdb868')
  shape(
    context,
    [
      [120, 62],
      [150, 30],
      [176, 48],
      [138, 68],
    ],
    '#3f9d4c',
  )
}

const mountain: Draw = (context) => {
  background(context, '#8fd3f4', '#e0f4fd')
  disc(context, [182, 62, 26], '#fff6c8')
  shape(
    context,
    [
      [-10, 240],
      [90, 82],
      [190, 240],
    ],
    '#5f7f9c',
  )
  shape(
    context,
    [
      [62, 126],
      [90, 82],
      [118, 126],
      [96, 116],
      [84, 128],
    ],
    '#fff',
  )
  shape(
    context,
    [
      [90, 240],
      [180, 130],
      [270, 240],
    ],
    '#43627e',
  )
}

const cat: Draw = (context) => {
  background(context, '#d9e8c8', '#aecf9a')
  const fur = '#4a4038'
  shape(
    context,
    [
      [50, 120],
      [58, 40],
      [112, 80],
    ],
    fur,
  )
  shape(
    context,
    [
      [190, 120],
      [182, 40],
      [128, 80],
    ],
    fur,
  )
  disc(context, [120, 138, 76], fur)
  for (const x of [92, 148]) {
    disc(context, [x, 128, 16], '#ffe27a')
    disc(context, [x, 128, 7], '#1d1916')
  }
  shape(
    context,
    [
      [110, 156],
      [130, 156],
      [120, 168],
    ],
    '#f2a7a0',
  )
}

/** Stripes, so that everybody sees which one it is. */
const refused: Draw = (context) => {
  background(context, '#6d6d6d', '#4c4c4c')
  context.strokeStyle = '#ffffff55'
  context.lineWidth = 18
  for (let x = -size; x < size; x += 48) {
    context.beginPath()
    context.moveTo(x, size)
    context.lineTo(x + size, 0)
    context.stroke()
  }
  disc(context, [120, 120, 56], '#fa5151')
  context.fillStyle = '#fff'
  context.fillRect(86, 110, 68, 20)
}

/** At once: `toBlob` waits for a moment when the browser has nothing else to do. */
function draw(picture: Draw): Blob {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = size
  picture(canvas.getContext('2d')!)
  const [, base64] = canvas.toDataURL().split(',')
  const bytes = Uint8Array.from(atob(base64!), (character) => character.charCodeAt(0))
  return new Blob([bytes], { type: 'image/png' })
}

/** What the sheet of the avatar button offers: the user's avatar in WeChat, the album, and one that WeChat refuses. */
export const drawPictures = (user: string, words: PhoneWords): PhonePicture[] => [
  { file: draw(letter(user)), caption: words.fromWeChat },
  { file: draw(orange), caption: words.fruit },
  { file: draw(mountain), caption: words.mountain },
  { file: draw(cat), caption: words.cat },
  { file: draw(refused), caption: words.failsReview, failsReview: true },
]
