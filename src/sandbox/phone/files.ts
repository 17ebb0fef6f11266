import type { SandboxFiles } from './types.js'

/** The files of one phone. */
export interface Files extends SandboxFiles {
  clear(): void
}

const extensions: Readonly<Record<string, string>> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/webp': '.webp',
}

/** Temporary files. Their paths look like the URLs of a server that there is not, as those of WeChat do. */
export function createFiles(): Files {
  const files = new Map<string, Blob>()
  let count = 0
  return {
    add(content) {
      count += 1
      const path = `http://tmp/${String(count)}${extensions[content.type] ?? ''}`
      files.set(path, content)
      return path
    },
    get: (path) => files.get(path),
    clear() {
      files.clear()
    },
  }
}

const pngOfOnePixel =
  '89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441' +
  '5478da63d8000000b200b1f88292a70000000049454e44ae426082'

/** A PNG of one pixel. */
export const smallPicture = (): Blob =>
  new Blob([Uint8Array.from(pngOfOnePixel.match(/../g)!, (byte) => parseInt(byte, 16))], {
    type: 'image/png',
  })
