/** What a finger would do: a mini program knows nothing else. */
function touch(type, { target, pageX = 0, pageY = 0, clientX = 0, clientY = 0 }, down) {
  const point = { identifier: 0, target, pageX, pageY, clientX, clientY }
  const event = new Event(type, { bubbles: true, cancelable: true })
  Object.assign(event, { touches: down ? [point] : [], changedTouches: [point] })
  target.dispatchEvent(event)
}

/** Makes a finger of a mouse, for people at a desk. */
export function tapByMouse(root) {
  const byMouse = (event) => event.pointerType === 'mouse' && event.button === 0
  root.addEventListener('pointerdown', (event) => {
    if (byMouse(event)) touch('touchstart', event, true)
  })
  root.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' && event.buttons === 1) touch('touchmove', event, true)
  })
  root.addEventListener('pointerup', (event) => {
    if (byMouse(event)) touch('touchend', event, false)
  })
}

/** Enter, the space bar and screen readers tap the mini program's buttons. */
export function tapByKeyboard(root) {
  const tap = (target) => {
    touch('touchstart', { target }, true)
    touch('touchend', { target }, false)
  }
  root.addEventListener('keydown', (event) => {
    const { key, repeat, target } = event
    if (repeat || (key !== 'Enter' && key !== ' ')) return
    if (!target.matches('wx-button:not([disabled])')) return
    event.preventDefault()
    tap(target)
  })
  // A click without a pointer is a screen reader's.
  root.addEventListener('click', ({ detail, target }) => {
    const button = detail === 0 && target.closest('wx-button:not([disabled])')
    if (button) tap(button)
  })
}
