import { describeConsumers } from './describe-consumers.js'

describeConsumers(['24', '26'])
