package benchtest

import "strings"

// words are English ones, the frequent first, and some of business mail. They are those of mailbench.
var words = strings.Fields(`the of and to in a is that for it as was with be by on not he his but at are this have
from or had an they which one you were all her she there would their we him been has when who will no more if out so
up said what its about than into them can only other time new some could these two may first then do any like my now
over such our man me even most made after also did many off before must well back through years much where your way
down should because long each just state those people too mister how little good world make very year still see own
work men day get here old life both between being under three never know same last another while us might great go
come since against right came take used himself few house american use place during high without again home around
small however found mrs thought went say part once general upon school every don't does got united left number course
war until always away something fact water though public less put think almost hand enough far took head yet better
set told nothing night end why called didn't eyes find going look asked later knew point next program city business
give group toward young days let room president side social given present several order national second possible
rather per face among form important often things looked early white case become large big need four within felt
children along saw best church ever least power development seemed thing light family interest want members mind
country area others done turned although open god service certain kind problem began different door thus help means
sense whole matter perhaps itself york times law human line above name example action company hands local five
history whether gave either today act feet across taken past quite anything seen having death experience body week
really half word field car words already themselves information tell together college shall money period held keep
sure probably real free seems political cannot behind question air office brought whose special major problems heard
ago became federal moment study available known result street economic boy position reason change south board
individual job society areas west close turn love community true court force full cost seem wife future age wanted
voice department center woman control common policy necessary following front sometimes six girl clear further land
run provided feel party able mother music education university child effect level stood military town short morning
total outside rate figure art century class usually north leave therefore plan evidence million sound black top
strong hard various believe type play value surface soon mean modern lines tax table peace invoice meeting account
report schedule deadline payment contract shipment customer attachment reply forward subject signature quarterly`)
