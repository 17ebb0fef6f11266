/**
 * What the Chinese pages say of each export, by module. The generator refuses an export without a sentence, and a
 * sentence without an export.
 */
export const chinese = {
  'express-wx-login': {
    code2Session:
      '用 `wx.login` 的 code 换取用户身份和会话密钥：只请求一次；仅当 errcode 为 -1（系统繁忙，没有产生会话）或微信未作任何应答就关闭了保持的连接时，再请求一次。不需要 access_token。尝试过的 code 即已消耗，因此其他情况都不重试。',
    decryptData:
      '用会话密钥解密 `encryptedData`（AES-128-CBC，PKCS#7）。内容必须是严格的 UTF-8 和一个 JSON 对象：读得宽松，没有密钥的人就能靠翻转比特注入字段。',
    getWx: '在守卫之后的路由里取得当前用户：即 `req.wx`，但绝不为 undefined。',
    requestIdOf:
      '请求的编号，每次都相同：应用设置了 `req.id`（pino-http 会）就取它，其次取回复的 `X-Request-Id`，再次取请求的，都没有则新生成。只接受 1 到 128 个字母、数字、`_`、`.`、`:`、`-`。插件的回复（错误的 `requestId`、`X-Request-Id` 头）和诊断事件里都有它；用这个函数，你的日志里也可以有。',
    verifySignature:
      '检查 `signature` 是否为 `sha1(rawData + session_key)` 的十六进制，比较用时恒定。`rawData` 必须逐字节是手机发来的文本：解析后再序列化，签名就不同了。',
    wxLogin:
      'Express 的微信小程序登录：一个路由，提供 `POST /wx/login`、`GET /wx/session`、`POST /wx/logout`、`POST /wx/profile` 和 `POST /wx/phone`，并让之后的每个请求都有 `req.wx`。请挂在应用的根上，放在需要它的路由之前。',
    WxLoginError:
      '这个包唯一的错误类：用于应答、`onError`，也由各函数抛出。请用 `WxLoginError.is(e)` 判断，而不要用 `instanceof`：一个应用的两个包带来两个版本时，这个类会有两份。',
    errorCodes: '全部 [`WxErrorCode`](#type-wxerrorcode)，顺序与文档相同。',
    requireWxSession:
      '守卫：放行带有效会话的请求，其余的由它自己应答，格式与 HTTP 约定一致：401 `WX_SESSION_REQUIRED`；存储不可用时 503 `WX_STORE_UNAVAILABLE`（绝不是 401）；一个请求带两个不同的 token 时 400。既可直接当中间件，也可当工厂函数。',
    wxErrorHandler:
      '你自己的路由抛出 [`WxLoginError`](#class-wxloginerror) 时（`getWx`、`req.wx.decrypt` 等），按插件路由的方式应答：状态码、JSON、`Retry-After`。其他错误交给下一个错误处理器。',
    GuardOptions: '守卫的选项。',
    WxApiApp: '服务多个小程序时，指明是哪一个。',
    WxApiRequest:
      '对微信服务端 API 某个接口的请求；见 [`WxServerApi.request`](#interface-wxserverapi)。',
    WxApp: '一个小程序及其 AppSecret。',
    WxCloudHostingOptions: '选项 `cloudHosting` 的设置，用于微信云托管。',
    WxCodeSession: 'code 换到的内容。',
    WxCommonOptions: '除小程序之外，`wxLogin` 接受的全部选项。',
    WxContext:
      '当前用户：每个带有效会话的请求上的 `req.wx`。复制、打印或对它 `JSON.stringify`，都不会露出会话密钥。',
    WxCookieOptions: "会话 cookie 的属性。默认 `{ httpOnly: true, sameSite: 'lax', path: '/' }`。",
    WxDiagnostics:
      '这个包在 `node:diagnostics_channel` 上发布的内容：每个通道的名称及其消息。`express-wx-login:wechat` 是追踪通道的名称，它的事件是 `tracing:express-wx-login:wechat:start`、`:end`、`:asyncStart`、`:asyncEnd`、`:error`。任何消息都不含 token、code、密钥、AppSecret、手机号、openid 和 unionid。见[可观测性](observability.md)。',
    WxEncryptedData: '手机从微信得到的 `encryptedData` 及其 `iv`，均为 base64。',
    WxEncryptedDataCheck:
      '微信对一份加密数据的说法；见 [`WxServerApi.checkEncryptedData`](#interface-wxserverapi)。',
    WxFinding: '一项检查的发现。不含任何密钥、token 或 code。',
    WxIdentity: '微信眼中的某个人：始终是 `(appid, openid)`，绝不只是 openid。',
    WxKeyHistoryOptions: '用户较早的会话密钥：微信在 `wx.login` 时更换密钥，而数据可能还在路上。',
    WxLogin: '插件：一个 Express 路由，以及服务器在请求之外需要的东西。',
    WxLoginErrorOptions: '除错误码外，还能说明一个错误的内容。',
    WxLoginEvent: '`onLogin` 得到的内容：会话已保存。',
    WxLogoutEvent: '`onLogout` 得到的内容：手机要求结束会话。',
    WxMessagePushOptions:
      '微信的消息推送：填入管理后台「开发管理 → 消息推送」的内容，微信由此告知用户撤回授权或注销账号。请把 `routes.messagePush` 的 URL 告诉微信。',
    WxPhone: '微信担保的手机号。',
    WxProfile: '手机发来的资料：只有微信文档里的字段，类型也都与文档一致。',
    WxReadiness:
      '服务器是否就绪，以及发现了什么；见 [`WxLogin.checkReadiness`](#interface-wxlogin)。',
    WxReadinessOptions: '[`WxLogin.checkReadiness`](#interface-wxlogin) 的选项。',
    WxRedisClient: '这个包用到的 node-redis 客户端（5 或 6；普通、连接池、集群或哨兵）的部分。',
    WxRegister: '登记一次你的用户类型，`req.wx.user` 和各个钩子就都知道它。',
    WxRevokeEvent: '`onRevoke` 得到的内容：有会话结束了，而不是手机自己退出的。',
    WxRoutes: '插件各路由的路径；`false` 表示关闭。',
    WxServerApi:
      '所服务的小程序的微信服务端 API，并替你管好 access_token：所有进程共用一个（存于 Redis），取自 `stable_token`，到期前刷新；微信不接受时（40001、40014、42001）丢弃并重新获取一次。',
    WxSessionEnd: '`wx.sessions.onEnd` 的监听函数得到的内容。',
    WxSessionInfo: '用户的一个会话，即 `wx.sessions.list` 所列的样子。',
    WxSessionOptions: '插件自己管理的会话。',
    WxSessionRecord:
      '会话在 `wx` 字段下保存的登录内容：登录时写入一次，之后不变。`v` 是格式；其他格式的记录视为没有会话。',
    WxSessions: '一个用户在所有设备上的会话。',
    WxSignedData: '手机从微信得到的 `rawData` 及其 `signature`；`rawData` 要逐字节保持原样。',
    WxTransportOptions: 'token 如何传送。',
    WxWatermark: '微信加密数据里的水印：为哪个小程序、在何时生成。',
    WxWeChatCall: '对微信的一次请求；它的各个事件共用同一个对象，逐步填写。',
    WxWeChatOptions: '这个包如何与微信通信。',
    Awaitable: '一个值，或它的 promise。',
    WxAccessTokenSource:
      '另一个 access_token 来源，用于有中央 token 服务的团队和第三方平台（`authorizer_access_token`）。每次调用 API 都会调用它：请从内存应答。',
    WxAccountEventName: '有关用户账号的事件。',
    WxAppResolver:
      '按 appid 查找小程序，用于小程序很多或经常变化的服务器。每次登录在消耗 code 之前调用一次，`wx.api` 的调用也会用到；须在 `hookTimeout` 内应答。',
    WxCheck: '一项发现是关于什么的。',
    WxErrorAction: '出错后手机该做什么：用新的 code 登录、稍后重试，或什么也不做。',
    WxErrorCode:
      '[`WxLoginError`](#class-wxloginerror) 可能带有的全部错误码。它们是稳定的，程序可以据此分支。每个错误码的状态码、提示、动作、原因和解决办法见[错误](errors.md)。',
    WxFetch: '这个包需要的 `fetch`：全局的、undici 的，或沙箱的。',
    WxLoginOptions: '`wxLogin` 接受的选项：一个小程序、一组小程序，或一个查找小程序的函数。',
    WxPushMessage:
      '微信消息推送的一条消息，已验证并解密，内容与微信发来的一致：`MsgType`、`Event`、`CreateTime` 以及这类消息所含的字段。XML 的值都是字符串。',
    WxUser:
      '你的用户：`onUser` 返回的内容。在 [`WxRegister`](#interface-wxregister) 指明类型之前为 `unknown`。',
    WxUserEvent: '`onUser` 得到的内容：是谁、为何调用，以及身份之外已知的信息。',
  },
  'express-wx-login/redis': {
    createRedis:
      '为请求路径上的会话配置好的 node-redis 客户端：Redis 不在时命令立即失败，而不是排队等待；两秒内发现已断的连接；永远重连，即使启动时 Redis 还不在。连接的错误不会结束进程（其间插件应答 503）。`rediss` 表示 TLS。加上 `clientSideCache: {}`（Redis 6 或更高版本），读过的会话会留在进程里，直到 Redis 告知它变了。\n\n| URL | 客户端 |\n|---|---|\n| `redis://[user:password@]host:port[/db]` | 一台服务器 |\n| `redis+sentinel://[user:password@]host:port,host:port/name[/db]` | 这些哨兵监视的主节点 `name` |\n| `redis+cluster://[user:password@]host:port,host:port` | 集群，这些是其中几个节点 |',
    WxRedis: '[`createRedis`](#function-createredis) 创建的 node-redis 客户端；尚未连接。',
    WxRedisCluster: '[`createRedis`](#function-createredis) 为集群创建的客户端。',
    WxRedisOptions:
      '[`createRedis`](#function-createredis) 在 URL 之外接受的选项，即 node-redis 的 `createClient` 的选项。',
    WxRedisSentinel: '[`createRedis`](#function-createredis) 为哨兵后面的 Redis 创建的客户端。',
  },
  'express-wx-login/sandbox': {
    createSandbox:
      '创建用于开发和测试的假微信：登录后端用到的各个接口连同微信的怪癖、带手机的用户、故障、虚拟时钟和请求日志。',
    SandboxError:
      '沙箱自身拒绝的东西：错误的选项、错误的控制请求、数量过多。微信自己的错误是带 `errcode` 的应答，绝不是它。',
    SANDBOX_APPID: '沙箱默认小程序的 AppID。它不是十六进制，所以微信从未发给任何人。',
    SANDBOX_SECRET: '沙箱默认小程序的 AppSecret。它是公开的，在沙箱之外毫无价值。',
    Sandbox: '假微信；见 [`createSandbox`](#function-createsandbox)。',
    SandboxAccountInfo: '正在运行的是哪个小程序。',
    SandboxAvatarOptions: '用户对头像按钮弹出的面板做什么。',
    SandboxClock: '虚拟时钟：基准时钟加上拨快的量。',
    SandboxDataOptions: '[`SandboxUser.encrypt`](#interface-sandboxuser) 等方法如何生成数据。',
    SandboxDevice: '运行小程序的手机，以及用户能对它做的事。',
    SandboxDeviceOptions: '`sandbox.phone` 的选项，均可省略。',
    SandboxEventOptions: '账号事件除了说明是谁之外还带有的内容。',
    SandboxFault:
      '某个接口出什么问题。`errcode`、`status`、`body`、`delayMs`、`drop` 至少要有一个。',
    SandboxFaults: '生效中的故障，最早的在前。',
    SandboxFiles: '正在运行的小程序的临时文件；小程序结束即消失。',
    SandboxOptions: '[`createSandbox`](#function-createsandbox) 的选项，均可省略。',
    SandboxPhone: '微信给出的手机号。',
    SandboxPhoneNumberDetail: '`bindgetphonenumber` 的 `event.detail`。',
    SandboxProfile: '用户信息里的资料。',
    SandboxPushReply: '被测服务器最近一次的应答。',
    SandboxPushTarget: '被测服务器，即在微信管理后台「消息推送」里填写的内容。',
    SandboxQuota: '一个小程序可以调用某个接口多少次。',
    SandboxRequest: '日志里的一个请求。密钥、code、token 都已遮盖。',
    SandboxRequestTask: '进行中的请求。',
    SandboxStorageInfo: '小程序的存储里有什么。',
    SandboxTapOptions: '用户对手机号按钮弹出的面板做什么。',
    SandboxTapRedisOptions: '[`Sandbox.tapRedis`](#interface-sandbox) 的选项，均可省略。',
    SandboxUrlVerification: '询问被测服务器是否知道 token 时，它的应答。',
    SandboxUser: '手里有手机的微信用户。',
    SandboxUserInfoOptions: '[`SandboxUser.userInfo`](#interface-sandboxuser) 如何生成数据。',
    SandboxUserOptions: '`sandbox.user` 用一个名字造出怎样的用户。',
    SandboxWx: '沙箱手机上的小程序看到的全局 `wx`。',
    SandboxWxCallbacks: '`wx` 的每个异步函数都有的三个回调。',
    SandboxWxCode: '`wx.login` 给出的内容。',
    SandboxWxFailure:
      '`fail` 得到的、也是 `wx` 的 promise 拒绝时给出的内容：与微信一样，不是 `Error`。',
    SandboxWxFunction: '`wx` 的函数；调用时不带任何回调，则返回 promise。',
    SandboxWxReply: '服务器的应答，不论状态码。',
    SandboxWxRequestOptions: '`wx.request` 的选项；这里没有列出的可以传，但没有作用。',
    SandboxWxUploadOptions: '`wx.uploadFile` 的选项；这里没有列出的可以传，但没有作用。',
    SandboxWxUserInfo: '`wx.getUserInfo` 给出的内容。',
    SandboxAccountEvent: '有关用户账号的事件。',
    SandboxDataVariant: '开放数据可能出错的方式。',
    SandboxEndpoint: '沙箱支持的微信接口。',
    SandboxErrorCode:
      '[`SandboxError`](#class-sandboxerror) 可能带有的全部错误码，HTTP 和进程内相同。',
    SandboxMessage: '微信消息推送的一条消息：名称和值与微信文档一致。',
    SandboxNetwork: '手机的网络状况：`silent` 表示一切都丢失，而没有任何东西自己报错。',
    SandboxPhoneNumber: '手机号按钮给出的内容。',
    SandboxPhoneUserInfoOptions:
      '[`SandboxDevice.userInfo`](#interface-sandboxdevice) 如何生成数据；与 [`SandboxUserInfoOptions`](#interface-sandboxuserinfooptions) 相同。',
    SandboxRotation:
      '`wx.login` 何时给用户新的会话密钥：每次（`always`）；每个 `rotationInterval` 最多一次（`interval`，微信就是如此，但不公布周期）；从不（`never`）。',
    SandboxUserInfo: '`wx.getUserInfo` 给出的内容。',
    SandboxUserRow: '在被测服务器的用户表里查找一个用户；没有则为 null 或 undefined。',
  },
  'wx-login-client': {
    createWxLogin: '创建客户端。一个小程序有一个就够了：在单独的模块里创建，再到处导入。',
    OpenDataDetail: '`wx.getUserInfo` 和小游戏给出的带签名的用户数据。',
    Phone: '服务器从手机号按钮得到的结果。',
    PhoneDetail: '`bindgetphonenumber` 的 `event.detail`。',
    RequestOptions: '`wx.request` 除回调之外的选项。这里没有列出的也会原样传下去。',
    Routes: '`baseUrl` 之下的路径。',
    Session: '服务器已确认的登录。',
    WxCallbacks: '[`WxLike`](#interface-wxlike) 的每个函数都有的回调。',
    WxFailure: '`wx` 函数的 `fail` 得到的内容。',
    WxLike:
      '客户端调用的那部分 `wx`，始终使用回调。真正的 `wx` 符合，Taro、uni-app 或测试提供的也符合。',
    WxLogin: '客户端。出错时，它的 promise 以 [`WxLoginError`](#interface-wxloginerror) 结束。',
    WxLoginCall: '客户端传给 `wx.login` 的内容。',
    WxLoginError: '客户端的 promise 失败时唯一的错误类型，你自己代码里的错误除外。',
    WxLoginOptions:
      '[`createWxLogin`](#function-createwxlogin) 的选项；只有 `baseUrl` 没有默认值。',
    WxRequestCall: '客户端传给 `wx.request` 的内容。',
    WxResponse: '`wx.request` 的应答，不论状态码。',
    WxUploadCall: '客户端传给 `wx.uploadFile` 的内容。',
    WxLoginErrorCode: '出了什么错，可用于 `switch`。',
  },
}
