import { element } from './elements.js'

/** A Chinese mobile number, which is what WeChat has of nearly all users. */
const mobile = /^1\d{10}$/

/**
 * The sheet of the phone number button.
 *
 * @param {import('./phone.d.ts').Phone} phone
 * @param {ReturnType<import('./dialogs.js').createDialogs>} dialogs
 * @param {ReturnType<import('./words.js').wordsOf>} words
 * @returns {() => Promise<boolean>} resolves with whether the user lets the number go
 */
export function createPhoneNumberSheet(phone, dialogs, words) {
  /** @returns {Promise<boolean>} false: back to the sheet */
  function askForOther() {
    const input = element('input', 'sheet-field', {
      type: 'tel',
      maxLength: 11,
      ariaLabel: words.otherLabel,
      placeholder: words.otherHint,
    })
    const fault = element('div', 'sheet-fault', { role: 'alert' })
    const pick = async () => {
      const number = input.value.trim()
      fault.textContent = mobile.test(number) ? '' : words.otherWrong
      if (fault.textContent !== '') return undefined
      try {
        await phone.useNumber(number)
        return true
      } catch {
        fault.textContent = words.otherFailed
        return undefined
      }
    }
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') input.closest('dialog').querySelector('.dialog-primary').click()
    })
    return dialogs.ask({
      className: 'sheet',
      label: words.phoneOther,
      content: () => [
        dialogs.heading(words.phoneOther),
        dialogs.paragraph(words.otherText),
        input,
        fault,
      ],
      choices: [
        { text: words.back, value: false },
        { text: words.otherUse, pick, kind: 'dialog-primary' },
      ],
      otherwise: false,
    })
  }

  async function ask() {
    const number = await phone.phoneNumber?.()
    const answer = await dialogs.ask({
      className: 'sheet sheet-stack',
      label: words.phoneTitle,
      content: () => [
        dialogs.heading(words.phoneTitle),
        dialogs.paragraph(words.phoneText),
        ...(number
          ? [
              element('div', 'sheet-detail', {
                children: [
                  element('div', 'sheet-number', { text: number }),
                  element('div', 'sheet-note', { text: words.phoneBound }),
                ],
              }),
            ]
          : []),
      ],
      choices: [
        { text: words.phoneAllow, value: 'allow', kind: 'dialog-primary' },
        { text: words.phoneRefuse, value: 'refuse' },
        ...(phone.useNumber
          ? [{ text: words.phoneOther, value: 'other', kind: 'dialog-link' }]
          : []),
      ],
      otherwise: 'refuse',
    })
    if (answer !== 'other') return answer === 'allow'
    return (await askForOther()) || ask()
  }

  return ask
}
