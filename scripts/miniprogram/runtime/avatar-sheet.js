import { element } from './elements.js'

/**
 * The sheet of the avatar button.
 *
 * @param {import('./phone.d.ts').Phone} phone
 * @param {ReturnType<import('./dialogs.js').createDialogs>} dialogs
 * @param {ReturnType<import('./words.js').wordsOf>} words
 * @returns {() => Promise<Blob | undefined>} the picture; undefined where the user closed the sheet, or WeChat's review
 *   refused the picture: of both the mini program hears nothing
 */
export function createAvatarSheet(phone, dialogs, words) {
  return async () => {
    const pictures = await phone.pictures()
    const urls = pictures.map(({ file }) => URL.createObjectURL(file))
    const index = await dialogs.ask({
      className: 'sheet',
      label: words.avatarTitle,
      content: (choose) => [
        dialogs.heading(words.avatarTitle),
        element('div', 'sheet-pictures', {
          children: pictures.map(({ caption }, index) =>
            element('button', 'sheet-picture', {
              ariaLabel: caption ?? words.picture(index + 1),
              children: [
                element('img', '', { src: urls[index], alt: '' }),
                ...(caption ? [element('span', 'sheet-caption', { text: caption })] : []),
              ],
              onTap: choose(index),
            }),
          ),
        }),
      ],
      choices: [{ text: words.cancel, value: -1 }],
      otherwise: -1,
    })
    for (const url of urls) URL.revokeObjectURL(url)
    const picture = pictures[index]
    if (!picture?.failsReview) return picture?.file
    dialogs.showToast({ title: words.avatarRefused, icon: 'none', duration: 3000 })
    return undefined
  }
}
