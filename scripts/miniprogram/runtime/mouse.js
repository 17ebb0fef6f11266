/** A mini program knows fingers only; this makes one of a mouse, for people at a desk. */
export function tapByMouse(root) {
  const pass = (type, { target, pageX, pageY, clientX, clientY }, touches) => {
    const touch = { identifier: 0, target, pageX, pageY, clientX, clientY }
    const event = new Event(type, { bubbles: true, cancelable: true })
    Object.assign(event, { touches: touches ? [touch] : [], changedTouches: [touch] })
    target.dispatchEvent(event)
  }
  const byMouse = (event) => event.pointerType === 'mouse' && event.button === 0
  root.addEventListener('pointerdown', (event) => {
    if (byMouse(event)) pass('touchstart', event, true)
  })
  root.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' && event.buttons === 1) pass('touchmove', event, true)
  })
  root.addEventListener('pointerup', (event) => {
    if (byMouse(event)) pass('touchend', event, false)
  })
}
