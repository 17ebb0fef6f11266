// 服务器地址。开发时是本机的示例服务器（在仓库根目录运行 npm start）；
// 上线时换成 https 域名，并在小程序后台登记为 request、uploadFile 和 downloadFile 合法域名。
// 也可以写成 { develop: '…', trial: '…', release: '…' }，每个版本一个地址。
module.exports = { baseUrl: 'http://127.0.0.1:3000' }
