/**
 * The functions of `wx` that show something. Each takes `success`, `fail` and `complete`, and without them returns a
 * promise, as WeChat's do.
 */
export function createUi(pages, shell, dialogs) {
  const api =
    (name, work) =>
    (options = {}) => {
      const { success, fail, complete } = options
      const result = Promise.resolve()
        .then(() => work(options))
        .then((value) => ({ errMsg: `${name}:ok`, ...value }))
      if (!success && !fail && !complete) return result
      result.then(
        (value) => {
          success?.(value)
          complete?.(value)
        },
        (/** @type {unknown} */ error) => {
          const failure = { errMsg: `${name}:fail ${error.message}` }
          fail?.(failure)
          complete?.(failure)
        },
      )
    }

  /** `/pages/a/a?b=c` → path and query. */
  const parse = (url) => {
    const [path, search] = url.replace(/^\//, '').split('?')
    return [path, Object.fromEntries(new URLSearchParams(search))]
  }
  const functions = {
    navigateTo({ url }) {
      const [path, query] = parse(url)
      if (pages.isTab(path)) throw new Error('can not navigateTo a tabbar page')
      pages.open(path, query)
    },
    redirectTo: ({ url }) => pages.replace(...parse(url)),
    reLaunch: ({ url }) => pages.relaunch(...parse(url)),
    switchTab({ url }) {
      const [path] = parse(url)
      if (!pages.isTab(path)) throw new Error('can not switch to no-tabBar page')
      pages.open(path, {})
    },
    navigateBack: ({ delta }) => pages.back(delta),
    setNavigationBarTitle: ({ title }) => shell.setTitle(pages.top(), title),
    startPullDownRefresh: () => pages.top().pull.start(),
    stopPullDownRefresh: () => pages.top().pull.stop(),
    showToast: (options) => dialogs.showToast(options),
    hideToast: () => dialogs.hideToast(),
    showLoading: ({ title }) => dialogs.showToast({ title, icon: 'loading', duration: Infinity }),
    hideLoading: () => dialogs.hideToast(),
    showModal: (options) => dialogs.showModal(options),
    async showActionSheet({ itemList }) {
      const tapIndex = await dialogs.list({ items: itemList })
      if (tapIndex === -1) throw new Error('cancel')
      return { tapIndex }
    },
  }

  shell.onBack(() => pages.back())
  shell.onTab((path) => pages.open(path, {}))
  return Object.fromEntries(
    Object.entries(functions).map(([name, work]) => [name, api(name, work)]),
  )
}
