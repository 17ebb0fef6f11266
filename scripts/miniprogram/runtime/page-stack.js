import { listenForPull } from './pull-down.js'

/** The pages that are open: those of the tab bar stay once they were opened, the others are on top of one of them. */
export function createPageStack(program, parts, shell) {
  const tabs = new Map()
  const tabPaths = new Set(program.app.tabBar?.list.map(({ pagePath }) => pagePath))
  let stack = []

  const top = () => stack.at(-1)

  function create(path, query) {
    const page = parts.create(path)
    page.host = shell.addPage(page.part)
    page.pull = listenForPull(page.host, {
      enabled: page.part.json.enablePullDownRefresh ?? program.app.window?.enablePullDownRefresh,
      onPull: () => page.instance.onPullDownRefresh?.(),
    })
    Object.assign(page.instance, { route: path, is: path, options: query })
    page.instance.onLoad?.(query)
    page.component.attach(page.host)
    return page
  }

  function show(page, isNew) {
    shell.show(page, stack.length > 1)
    page.instance.onShow?.()
    if (isNew) page.instance.onReady?.()
  }

  function close(page) {
    page.instance.onUnload?.()
    page.component.detach()
    page.host.remove()
  }

  /** Closes what is above the tab bar's page; the page below stays hidden. */
  function closeAllButTab() {
    while (stack.length > 0 && !tabPaths.has(top().part.path)) close(stack.pop())
  }

  return {
    top,
    current: () => stack.map(({ instance }) => instance),
    isTab: (path) => tabPaths.has(path),
    open(path, query) {
      if (tabPaths.has(path)) {
        if (top()?.part.path === path) return
        top()?.instance.onHide?.()
        closeAllButTab()
        const known = tabs.get(path)
        const page = known ?? create(path, query)
        tabs.set(path, page)
        stack = [page]
        show(page, known === undefined)
      } else {
        top()?.instance.onHide?.()
        const page = create(path, query)
        stack.push(page)
        show(page, true)
      }
    },
    replace(path, query) {
      close(stack.pop())
      const page = create(path, query)
      stack.push(page)
      show(page, true)
    },
    back(delta = 1) {
      const steps = Math.min(delta, stack.length - 1)
      if (steps === 0) return
      for (let left = steps; left > 0; left -= 1) close(stack.pop())
      show(top(), false)
    },
    relaunch(path, query) {
      for (const page of new Set([...stack, ...tabs.values()])) close(page)
      tabs.clear()
      stack = []
      this.open(path, query)
    },
  }
}
