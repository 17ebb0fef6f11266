const two = (number) => String(number).padStart(2, '0')

/** 11月26日 08:30；接受 ISO 字符串或毫秒。不是时间就是空的。 */
function time(value) {
  const date = new Date(value)
  if (!value || Number.isNaN(date.getTime())) return ''
  return `${date.getMonth() + 1}月${date.getDate()}日 ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** 139****5678 */
function phone(number) {
  return number ? String(number).replace(/^(.*?)\d{4}(\d{4})$/, '$1****$2') : ''
}

module.exports = { time, phone }
