const enough = 60

/**
 * Pulling a page down at its top refreshes it: the dots stay until `stop`.
 *
 * @param {HTMLElement} host What scrolls
 * @param {{ enabled: boolean | undefined, onPull(): void }} options
 */
export function listenForPull(host, { enabled, onPull }) {
  let startedAt
  let pulled = 0

  const start = () => {
    host.classList.add('refreshing')
    onPull()
  }
  const stop = () => host.classList.remove('refreshing')

  if (enabled) {
    host.addEventListener('touchstart', (event) => {
      startedAt = host.scrollTop <= 0 ? event.touches[0].pageY : undefined
      pulled = 0
    })
    host.addEventListener('touchmove', (event) => {
      if (startedAt !== undefined) pulled = event.touches[0].pageY - startedAt
    })
    host.addEventListener('touchend', () => {
      if (pulled > enough && !host.classList.contains('refreshing')) start()
      startedAt = undefined
      pulled = 0
    })
  }
  return { start, stop }
}
