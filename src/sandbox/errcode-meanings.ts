/** What an errcode means, in a line. */
export interface ErrcodeMeaning {
  readonly en: string
  readonly zh: string
}

/** Of every errcode the sandbox answers by itself. No Node, no DOM. */
export const errcodeMeanings: Readonly<Record<string, ErrcodeMeaning>> = {
  [-1]: { en: 'WeChat is busy: try again', zh: '系统繁忙，稍后再试' },
  0: { en: 'Done', zh: '成功' },
  1: { en: 'No such data', zh: '数据不存在' },
  40001: {
    en: 'The access token is wrong, or another one took its place',
    zh: 'access_token 错误，或已被新的 token 取代',
  },
  40002: { en: 'Wrong grant_type', zh: 'grant_type 不正确' },
  40003: { en: 'The openid is not of this app', zh: 'openid 不属于该小程序' },
  40013: { en: 'Unknown AppID', zh: 'AppID 无效' },
  40014: { en: 'The access token is malformed', zh: 'access_token 不合法' },
  40029: {
    en: 'The code is unknown, older than five minutes, or of another app',
    zh: 'code 无效、已过期（五分钟）或不属于该小程序',
  },
  40066: { en: 'There is no such endpoint', zh: '接口地址不存在' },
  40097: { en: 'A parameter is wrong', zh: '参数错误' },
  40125: { en: 'Wrong AppSecret', zh: 'AppSecret 无效' },
  40163: { en: 'The code was used already', zh: 'code 已被使用' },
  40164: { en: 'The IP address is not on the list', zh: '调用方 IP 不在白名单中' },
  40226: { en: 'WeChat blocks this user', zh: '高风险用户，登录被拦截' },
  40243: { en: 'The AppSecret is frozen', zh: 'AppSecret 已被冻结' },
  41001: { en: 'The access token is missing', zh: '缺少 access_token' },
  41002: { en: 'The AppID is missing', zh: '缺少 appid' },
  41004: { en: 'The AppSecret is missing', zh: '缺少 secret' },
  41008: { en: 'The code is missing', zh: '缺少 code' },
  42001: { en: 'The access token has expired', zh: 'access_token 已过期' },
  43001: { en: 'Use GET', zh: '需要 GET 请求' },
  43002: { en: 'Use POST', zh: '需要 POST 请求' },
  44002: { en: 'The body is empty', zh: '请求体为空' },
  45002: { en: 'The body is too large', zh: '内容超过限制' },
  45009: { en: "The day's calls are used up", zh: '当日调用次数已用完' },
  45011: { en: 'Too many calls in this minute', zh: '调用太频繁，请稍候再试' },
  47001: { en: 'The body is not the JSON it should be', zh: '请求体解析失败' },
  48001: { en: 'The app may not use this endpoint', zh: '小程序没有该接口权限' },
  61003: { en: 'The app has not authorized this', zh: '未获得授权' },
  87007: { en: 'The session key is gone', zh: 'session_key 不存在或已过期' },
  87008: { en: 'Unknown sig_method', zh: 'sig_method 不正确' },
  87009: { en: 'The signature does not fit', zh: '签名错误' },
}
