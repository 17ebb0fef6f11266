import { builtin, trigger } from './register.js'

const fits = { aspectFit: 'contain', aspectFill: 'cover', scaleToFill: 'fill' }

/** https://developers.weixin.qq.com/miniprogram/dev/component/image.html */
export function registerImage(pictureUrl) {
  builtin('wx-image', {
    slot: false,
    properties: {
      src: {
        type: String,
        value: '',
        show(host, src) {
          const picture = host.firstChild
          if (src) picture.src = pictureUrl(src)
          else picture.removeAttribute('src')
        },
      },
      mode: {
        type: String,
        value: 'scaleToFill',
        show: (host, mode) => (host.firstChild.style.objectFit = fits[mode] ?? 'fill'),
      },
    },
    created(host, node) {
      const picture = document.createElement('img')
      picture.alt = ''
      picture.addEventListener('load', () => {
        picture.style.visibility = ''
        trigger(node, 'load', { width: picture.naturalWidth, height: picture.naturalHeight })
      })
      picture.addEventListener('error', () => {
        picture.style.visibility = 'hidden'
        trigger(node, 'error', { errMsg: 'GET fail' })
      })
      host.append(picture)
    },
  })
}
