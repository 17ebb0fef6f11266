import { element } from './elements.js'

/** What is around the pages: the navigation bar, the tab bar, and the style sheets of the page that shows. */
export function createShell(body, { app, themes, css, parts }, pictureUrl) {
  const title = element('div', 'shell-title')
  const back = element('button', 'shell-back', { ariaLabel: '返回', onTap: () => onBack?.() })
  const bar = element('header', 'shell-bar', { children: [back, title] })
  const screen = element('main', 'shell-screen')
  const tabs = (app.tabBar?.list ?? []).map((tab) => createTab(tab))
  const tabBar = element('nav', 'shell-tabs', { children: tabs.map((tab) => tab.button) })
  const root = element('div', 'shell', { children: [bar, screen, ...(app.tabBar ? [tabBar] : [])] })
  body.append(root)

  let onBack
  let onTab
  let shown
  const sheets = createSheets(css, parts)
  const dark = matchMedia('(prefers-color-scheme: dark)')

  function createTab({ pagePath, text, iconPath, selectedIconPath }) {
    const icon = element('img', 'shell-tab-icon', { alt: '' })
    const button = element('button', 'shell-tab', {
      onTap: () => onTab?.(pagePath),
      children: [...(iconPath ? [icon] : []), element('span', '', { text })],
    })
    return {
      button,
      select(selected) {
        button.ariaCurrent = selected ? 'page' : null
        if (iconPath) icon.src = pictureUrl(`/${selected ? selectedIconPath : iconPath}`)
      },
      pagePath,
    }
  }

  /** A colour of app.json or a page's JSON: itself, or the name of one in theme.json. */
  const themed = (value) =>
    value?.startsWith('@')
      ? themes[app.darkmode && dark.matches ? 'dark' : 'light']?.[value.slice(1)]
      : value

  function paint() {
    const window = { ...app.window, ...shown?.part.json }
    const set = (name, value) => root.style.setProperty(name, themed(value) ?? null)
    title.textContent = shown?.title ?? window.navigationBarTitleText ?? ''
    set('--bar', window.navigationBarBackgroundColor)
    set('--screen', window.backgroundColor)
    set('--tabs', app.tabBar?.backgroundColor)
    set('--tab', app.tabBar?.color)
    set('--tab-selected', app.tabBar?.selectedColor)
    root.dataset.barText = themed(window.navigationBarTextStyle) ?? 'white'
    root.dataset.tabBorder = themed(app.tabBar?.borderStyle) ?? 'black'
  }
  dark.addEventListener('change', paint)

  return {
    root,
    onBack: (listener) => (onBack = listener),
    onTab: (listener) => (onTab = listener),
    addPage() {
      const host = element('section', 'shell-page', {
        children: [element('div', 'shell-dots', { ariaHidden: 'true' })],
      })
      screen.append(host)
      return host
    },
    /** Brings a page to the front. */
    show(page, canGoBack) {
      if (shown) shown.host.hidden = true
      shown = page
      page.host.hidden = false
      back.hidden = !canGoBack
      tabBar.hidden = canGoBack
      for (const tab of tabs) tab.select(tab.pagePath === page.part.path)
      sheets.use(page.part)
      paint()
    },
    setTitle(page, text) {
      page.title = text
      paint()
    },
  }
}

/** In WeChat every page is a document of its own, so only the styles of the page that shows apply. */
function createSheets(css, parts) {
  const sheet = (text) => {
    const made = new CSSStyleSheet()
    made.replaceSync(text)
    return made
  }
  const app = sheet(css)
  const ofParts = new Map(parts.map((part) => [part.path, sheet(part.css)]))
  const components = parts.filter(({ page }) => !page).map(({ path }) => ofParts.get(path))
  return {
    use({ path }) {
      document.adoptedStyleSheets = [app, ...components, ofParts.get(path)]
    },
  }
}
