/**
 * Where this browser finds what the `src` of a picture says: a file of the phone, one of the mini program's own, or
 * one of the web.
 *
 * @param {import('./phone.d.ts').Phone} phone
 * @returns {(src: string) => string}
 */
export function createPictureUrls({ device, reach }) {
  const temporary = new Map()
  return (src) => {
    const file = device.files.get(src)
    if (file !== undefined) {
      if (!temporary.has(src)) temporary.set(src, URL.createObjectURL(file))
      return temporary.get(src)
    }
    return /^https?:/.test(src) ? reach(src) : src.replace(/^\//, '')
  }
}
