type Properties<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], 'children' | 'style'>
> & { onTap?: () => void }

/** An element with its properties, what is in it, and what happens when it is tapped. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { onTap, ...properties }: Properties<K> = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  if (onTap) made.addEventListener('click', onTap)
  return made
}
