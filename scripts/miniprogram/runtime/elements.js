/** An element with a class, text and children, and what happens when it is tapped. */
export function element(tag, className, { text, children = [], onTap, ...properties } = {}) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  Object.assign(made, properties)
  made.append(...children)
  if (onTap) made.addEventListener('click', onTap)
  return made
}
