// Made by `npm run zones`: what Joda-Time 2.12.5, 2.14.0, 2.14.2 and Node's data (2025c) have in common.

/** Checksum of the changes, and the names that have them. A comma at the end of a line goes on in the next. */
export const ZONE_NAMES = `
94f20658:Africa/Abidjan,Africa/Accra,Africa/Bamako,Africa/Banjul,Africa/Conakry,Africa/Dakar,
Africa/Freetown,Africa/Lome,Africa/Nouakchott,Africa/Ouagadougou,Africa/Timbuktu,Atlantic/Reykjavik,
Atlantic/St_Helena,Etc/GMT,Etc/GMT+0,Etc/GMT-0,Etc/GMT0,Etc/Greenwich,Etc/UCT,Etc/UTC,Etc/Universal,
Etc/Zulu,GMT,GMT+0,GMT-0,GMT0,Greenwich,Iceland,UCT,UTC,Universal,Zulu 3c35b4c1:Africa/Addis_Ababa,
Africa/Asmara,Africa/Asmera,Africa/Dar_es_Salaam,Africa/Djibouti,Africa/Kampala,Africa/Mogadishu,
Africa/Nairobi,Antarctica/Syowa,Asia/Aden,Asia/Kuwait,Asia/Riyadh,Etc/GMT-3,Indian/Antananarivo,
Indian/Comoro,Indian/Mayotte 8390dc1a:Africa/Algiers 8f5588f3:Africa/Bangui,Africa/Brazzaville,
Africa/Douala,Africa/Kinshasa,Africa/Lagos,Africa/Libreville,Africa/Luanda,Africa/Malabo,Africa/Niamey,
Africa/Porto-Novo,Etc/GMT-1 e1fee9db:Africa/Bissau fd0463bb:Africa/Blantyre,Africa/Bujumbura,
Africa/Gaborone,Africa/Harare,Africa/Johannesburg,Africa/Kigali,Africa/Lubumbashi,Africa/Lusaka,
Africa/Maputo,Africa/Maseru,Africa/Mbabane,Etc/GMT-2 6456ddd4:Africa/Cairo,Egypt 4d852488:Africa/Casablanca
8d3160fb:Africa/Ceuta 725a554e:Africa/El_Aaiun 7c861315:Africa/Juba 7dc99ef8:Africa/Khartoum
5904da31:Africa/Monrovia e5c3721c:Africa/Ndjamena 07e2e9e2:Africa/Sao_Tome a4e04ede:Africa/Tripoli,Libya
9aabf40c:Africa/Tunis 7db055ae:Africa/Windhoek 5cc6a3f2:America/Adak,America/Atka,US/Aleutian
f480da56:America/Anchorage,US/Alaska b53f8472:America/Anguilla,America/Antigua,America/Aruba,
America/Blanc-Sablon,America/Curacao,America/Dominica,America/Grenada,America/Guadeloupe,
America/Kralendijk,America/La_Paz,America/Lower_Princes,America/Marigot,America/Montserrat,
America/Port_of_Spain,America/Puerto_Rico,America/St_Barthelemy,America/St_Kitts,America/St_Lucia,
America/St_Thomas,America/St_Vincent,America/Tortola,America/Virgin,Etc/GMT+4 d12cb726:America/Araguaina
6f2c4b27:America/Argentina/Buenos_Aires,America/Buenos_Aires 381edc41:America/Argentina/Catamarca,
America/Argentina/ComodRivadavia,America/Catamarca d610edc0:America/Argentina/Cordoba,America/Cordoba,
America/Rosario 69ef77b2:America/Argentina/Jujuy,America/Jujuy 979772cd:America/Argentina/La_Rioja
ffa267d2:America/Argentina/Mendoza,America/Mendoza 4b86def4:America/Argentina/Rio_Gallegos
a366c5ac:America/Argentina/Salta 0152a56b:America/Argentina/San_Juan 0c0be7b3:America/Argentina/San_Luis
6b6437ac:America/Argentina/Tucuman 4064d69c:America/Argentina/Ushuaia 7dd25f5a:America/Asuncion
c451bf82:America/Atikokan,America/Cayman,America/Coral_Harbour,America/Panama,Etc/GMT+5
6460d1cb:America/Bahia bf16756d:America/Bahia_Banderas f31759fd:America/Barbados 71ea3fa2:America/Belem
d833c526:America/Belize ed78b015:America/Boa_Vista 435fa314:America/Bogota 25dfdbc5:America/Boise
08befb52:America/Cambridge_Bay 5fda457c:America/Campo_Grande 401d0d45:America/Cancun
26aa2e93:America/Caracas 67623cb2:America/Cayenne,Etc/GMT+3 4ee4eafe:America/Chicago,CST6CDT,US/Central
03c52ab8:America/Chihuahua 2b54f1a9:America/Ciudad_Juarez ffe0b433:America/Costa_Rica
e3df00c8:America/Creston,America/Phoenix,Etc/GMT+7,US/Arizona 07b84b44:America/Cuiaba
73883b92:America/Danmarkshavn cc7f5dd8:America/Dawson 35cafa2c:America/Dawson_Creek b33419bb:America/Denver,
America/Shiprock,MST7MDT,Navajo,US/Mountain 0f227028:America/Detroit,US/Michigan 0ba983ab:America/Edmonton,
America/Yellowknife,Canada/Mountain f6790e83:America/Eirunepe 55ab4f83:America/El_Salvador
06c50935:America/Ensenada,America/Santa_Isabel,America/Tijuana,Mexico/BajaNorte 0f4e608f:America/Fort_Nelson
caf04b2d:America/Fort_Wayne,America/Indiana/Indianapolis,America/Indianapolis,US/East-Indiana
3dca4c2a:America/Fortaleza 29a00196:America/Glace_Bay 9f18e6b1:America/Godthab,America/Nuuk
ca0ed398:America/Goose_Bay 37e42951:America/Grand_Turk 6f796101:America/Guatemala d25f8131:America/Guayaquil
63cc6f75:America/Guyana efe89c17:America/Halifax,Canada/Atlantic 8db3a7c9:America/Havana,Cuba
70501cae:America/Hermosillo c2e89d8a:America/Indiana/Knox,America/Knox_IN,US/Indiana-Starke
63d5e9af:America/Indiana/Marengo 681b4e89:America/Indiana/Petersburg 80f325f7:America/Indiana/Tell_City
c1784a16:America/Indiana/Vevay 3682de69:America/Indiana/Vincennes 6e0e4452:America/Indiana/Winamac
df473cce:America/Inuvik c73bfd9c:America/Iqaluit,America/Pangnirtung 9498cbca:America/Jamaica,Jamaica
c71b3fe1:America/Juneau 39dd54b8:America/Kentucky/Louisville,America/Louisville
2d877fd8:America/Kentucky/Monticello 50004d3c:America/Lima 43c03469:America/Los_Angeles,PST8PDT,US/Pacific
679509c9:America/Maceio f2256c01:America/Managua 7366d850:America/Manaus,Brazil/West
b5cd450d:America/Martinique ec01764b:America/Matamoros 4cce2400:America/Mazatlan,Mexico/BajaSur
6afcad2a:America/Menominee cd417a11:America/Merida 14b3bb96:America/Metlakatla 68de752d:America/Mexico_City,
Mexico/General f7156476:America/Miquelon 7ce8a033:America/Moncton 2690d2cb:America/Monterrey
ee3f6dd1:America/Montevideo 5df8d230:America/Montreal,America/Nassau,America/Nipigon,America/Thunder_Bay,
America/Toronto,Canada/Eastern 85060dd5:America/New_York,EST5EDT,US/Eastern d780db42:America/Nome
c3a0c789:America/Noronha,Brazil/DeNoronha d081a23d:America/North_Dakota/Beulah
8ccf6559:America/North_Dakota/Center c6f5772b:America/North_Dakota/New_Salem d23dca9b:America/Ojinaga
9d85860a:America/Paramaribo a671ce93:America/Port-au-Prince 418874be:America/Porto_Acre,America/Rio_Branco,
Brazil/Acre c05e4306:America/Porto_Velho 7c3e4553:America/Punta_Arenas 5ca40436:America/Rainy_River,
America/Winnipeg,Canada/Central 21a999c6:America/Rankin_Inlet 4cc3950f:America/Recife
984fcd90:America/Regina,Canada/Saskatchewan,Etc/GMT+6 b9686d16:America/Resolute 205ab1a6:America/Santarem
5f7ae64d:America/Santiago,Chile/Continental af25b59a:America/Santo_Domingo f3b53dbf:America/Sao_Paulo,
Brazil/East 08b8a58d:America/Scoresbysund 27f6fe46:America/Sitka 408f19e8:America/St_Johns,
Canada/Newfoundland 705812d7:America/Swift_Current 388a4d15:America/Tegucigalpa d5ab53d4:America/Thule
ae052098:America/Vancouver,Canada/Pacific 63bb8377:America/Whitehorse,Canada/Yukon 6cd84036:America/Yakutat
6e48a7e0:Antarctica/Casey 23b38340:Antarctica/Davis 0852df2d:Antarctica/DumontDUrville,Etc/GMT-10,
Pacific/Chuuk,Pacific/Port_Moresby,Pacific/Truk,Pacific/Yap f55ba561:Antarctica/Macquarie
c6b6bfe8:Antarctica/Mawson a454fb5b:Antarctica/McMurdo,Antarctica/South_Pole,NZ,Pacific/Auckland
88410bf9:Antarctica/Palmer 8bb78beb:Antarctica/Rothera 69a01e40:Antarctica/Troll
7e9034e4:Arctic/Longyearbyen,Atlantic/Jan_Mayen,Europe/Berlin,Europe/Copenhagen,Europe/Oslo,
Europe/Stockholm 9c220049:Asia/Almaty 2b73153a:Asia/Amman ee1478e2:Asia/Anadyr 3169f80c:Asia/Aqtau
e621c94e:Asia/Aqtobe aa1bfe71:Asia/Ashgabat,Asia/Ashkhabad ec7f4a05:Asia/Atyrau 32ca3b57:Asia/Baghdad
48987159:Asia/Bahrain,Asia/Qatar f5b47463:Asia/Baku 3bf4df93:Asia/Bangkok,Asia/Jakarta,Asia/Phnom_Penh,
Asia/Vientiane,Etc/GMT-7,Indian/Christmas bed796d0:Asia/Barnaul 1004737b:Asia/Beirut 3c6fe953:Asia/Bishkek
5aa7c8e6:Asia/Brunei,Asia/Kuching,Asia/Makassar,Asia/Ujung_Pandang,Etc/GMT-8 c88c005e:Asia/Calcutta,
Asia/Kolkata 3663ef91:Asia/Chita 4bd5b3f8:Asia/Choibalsan b5c59a9d:Asia/Chongqing,Asia/Chungking,
Asia/Harbin,Asia/Shanghai,PRC d3ec881f:Asia/Colombo 287ea59d:Asia/Dacca,Asia/Dhaka 8eef1dc4:Asia/Damascus
d462df7c:Asia/Dili d50a2501:Asia/Dubai,Asia/Muscat,Etc/GMT-4,Indian/Mahe,Indian/Reunion
31afcabe:Asia/Dushanbe 40ff7daa:Asia/Famagusta 2fff5d5f:Asia/Gaza f92767a2:Asia/Hebron
f38ab0a4:Asia/Ho_Chi_Minh,Asia/Saigon c3c1e49f:Asia/Hong_Kong,Asia/Macao,Asia/Macau,Hongkong
7df0a697:Asia/Hovd e69db8d2:Asia/Irkutsk e8111d90:Asia/Istanbul,Europe/Istanbul,Turkey
e2900bc5:Asia/Jayapura,Asia/Tokyo,Etc/GMT-9,Japan,Pacific/Palau 737ff587:Asia/Jerusalem,Asia/Tel_Aviv,
Israel 335ee8ad:Asia/Kabul 58c20d0b:Asia/Kamchatka b5c5857a:Asia/Karachi 632a746b:Asia/Kashgar,Asia/Urumqi,
Etc/GMT-6 f23f7a78:Asia/Kathmandu,Asia/Katmandu 98d2dc25:Asia/Khandyga eced55cd:Asia/Krasnoyarsk
559e0bdb:Asia/Kuala_Lumpur,Asia/Singapore,Singapore be993ce3:Asia/Magadan a97efbc6:Asia/Manila
847e3386:Asia/Nicosia,Europe/Nicosia 8d56e987:Asia/Novokuznetsk 7f7f78b7:Asia/Novosibirsk 066a0d55:Asia/Omsk
e096f83f:Asia/Oral 94e31c46:Asia/Pontianak 9447ca4e:Asia/Pyongyang 871bddb7:Asia/Qostanay
2e4b1039:Asia/Qyzylorda 99e77f43:Asia/Rangoon,Asia/Yangon,Indian/Cocos 0bfcd31a:Asia/Sakhalin
06d04ede:Asia/Samarkand 55ff805a:Asia/Seoul,ROK 3d467c81:Asia/Srednekolymsk 57bce45b:Asia/Taipei,ROC
714b5dd0:Asia/Tashkent 402da0f4:Asia/Tbilisi e56f4a72:Asia/Tehran,Iran 6c573711:Asia/Thimbu,Asia/Thimphu
a2a19a27:Asia/Tomsk 533d68c7:Asia/Ulaanbaatar,Asia/Ulan_Bator 50e5a8e4:Asia/Ust-Nera
bf79e976:Asia/Vladivostok 874e6e3a:Asia/Yakutsk 28b51193:Asia/Yekaterinburg ac50a431:Asia/Yerevan
9da53d17:Atlantic/Azores 956850a1:Atlantic/Bermuda b03fcfdb:Atlantic/Canary da489308:Atlantic/Cape_Verde
a184ba7d:Atlantic/Faeroe,Atlantic/Faroe 6f65cca5:Atlantic/Madeira 6d9a99fa:Atlantic/South_Georgia,Etc/GMT+2
26bf0dab:Atlantic/Stanley bfb8f91a:Australia/ACT,Australia/Canberra,Australia/NSW,Australia/Sydney
1037067a:Australia/Adelaide,Australia/South cb3af7dc:Australia/Brisbane,Australia/Queensland
99e98d35:Australia/Broken_Hill,Australia/Yancowinna b58f4e1d:Australia/Currie,Australia/Hobart,
Australia/Tasmania 1737d325:Australia/Darwin,Australia/North 59a30c05:Australia/Eucla
b5f064da:Australia/LHI,Australia/Lord_Howe f394ecb2:Australia/Lindeman 9dc4fa01:Australia/Melbourne,
Australia/Victoria 97b19164:Australia/Perth,Australia/West 1a1d7806:CET,Europe/Amsterdam,Europe/Brussels,
Europe/Luxembourg,MET 38b94c63:Chile/EasterIsland,Pacific/Easter 94cc8c68:EET 79bcecfa:Eire,Europe/Belfast,
Europe/Dublin,Europe/Guernsey,Europe/Isle_of_Man,Europe/Jersey,Europe/London,GB,GB-Eire 8064ecaa:Etc/GMT+1
7dd502fa:Etc/GMT+10,Pacific/Honolulu,Pacific/Johnston,Pacific/Tahiti,US/Hawaii f72098fd:Etc/GMT+11,
Pacific/Midway,Pacific/Niue,Pacific/Pago_Pago,Pacific/Samoa,US/Samoa f0d5f868:Etc/GMT+12 c680d74d:Etc/GMT+8
cc7d9a92:Etc/GMT+9,Pacific/Gambier 8dbf5366:Etc/GMT-11,Pacific/Guadalcanal,Pacific/Pohnpei,Pacific/Ponape
2b37fb3f:Etc/GMT-12,Pacific/Funafuti,Pacific/Majuro,Pacific/Tarawa,Pacific/Wake,Pacific/Wallis
8311eac2:Etc/GMT-13 5e1c3bf9:Etc/GMT-14 0a497261:Etc/GMT-5,Indian/Kerguelen,Indian/Maldives
d48a806a:Europe/Andorra cce1ab71:Europe/Astrakhan da8ea114:Europe/Athens eae0fc88:Europe/Belgrade,
Europe/Ljubljana,Europe/Podgorica,Europe/Sarajevo,Europe/Skopje,Europe/Zagreb 366aca68:Europe/Bratislava,
Europe/Prague b3c14e80:Europe/Bucharest efcd0ff7:Europe/Budapest 2d1510f1:Europe/Busingen,Europe/Vaduz,
Europe/Zurich 5c9a4e69:Europe/Chisinau,Europe/Tiraspol 7a967615:Europe/Gibraltar 3ee7eed3:Europe/Helsinki,
Europe/Mariehamn 887b254e:Europe/Kaliningrad 92791fc3:Europe/Kiev,Europe/Kyiv,Europe/Uzhgorod,
Europe/Zaporozhye 3da56e25:Europe/Kirov 12197dff:Europe/Lisbon,Portugal 5b495cd5:Europe/Madrid
7834dc3e:Europe/Malta 5c919d94:Europe/Minsk c391f60c:Europe/Monaco,Europe/Paris ccc35802:Europe/Moscow,W-SU
3bbcbe78:Europe/Riga 911e699f:Europe/Rome,Europe/San_Marino,Europe/Vatican 111e0df6:Europe/Samara
dbb4a78c:Europe/Saratov 968bfd15:Europe/Simferopol 3e20f837:Europe/Sofia d45db091:Europe/Tallinn
ac208ee7:Europe/Tirane dc566d0f:Europe/Ulyanovsk b0e9c973:Europe/Vienna d9ac8a1c:Europe/Vilnius
071f4b31:Europe/Volgograd 1917057f:Europe/Warsaw,Poland d8b3eb33:Indian/Chagos 36c274f4:Indian/Mauritius
fee0ee23:Kwajalein,Pacific/Kwajalein dc8dc967:NZ-CHAT,Pacific/Chatham 43cd189b:Pacific/Apia
98a107eb:Pacific/Bougainville 2a8981d9:Pacific/Efate 5441f8f7:Pacific/Enderbury,Pacific/Kanton
442c546c:Pacific/Fakaofo ab14e07f:Pacific/Fiji 7f7fd20e:Pacific/Galapagos a3bf2c1c:Pacific/Guam,
Pacific/Saipan 09f78564:Pacific/Kiritimati f74347ea:Pacific/Kosrae 406d8076:Pacific/Marquesas
8951d570:Pacific/Nauru 652ef9e4:Pacific/Norfolk 71ed9deb:Pacific/Noumea 30607538:Pacific/Pitcairn
17fe1493:Pacific/Rarotonga 848273d7:Pacific/Tongatapu ca9122b1:WET
`

/** When not all of them agree: `[from, to)`, by UTC. */
export const ZONE_HOLES = `
America/Asuncion 2025-03/2099-11
America/Bahia_Banderas 1969-12-20/1970-02
America/Cancun 1981-12/1997-11
America/Ensenada 1970-04/1975-11
America/Hermosillo 1969-12-20/1970-02
America/Mazatlan 1969-12-20/1970-02
America/Merida 1981-12/1983-01
America/Santa_Isabel 1970-04/1975-11
America/Scoresbysund 2024-03/2100-01
America/Tijuana 1970-04/1975-11
America/Vancouver 2026-10/2100-01
Antarctica/Casey 2021-03/2100-01
Asia/Almaty 2024-02/2100-01
Asia/Choibalsan 1983-03/2008-05
Asia/Dacca 2009-12/2010-02
Asia/Dhaka 2009-12/2010-02
Asia/Gaza 2024-04/2025-05 2039-10/2058-05 2072-10/2086-06
Asia/Hebron 2024-04/2025-05 2039-10/2058-05 2072-10/2086-06
Asia/Manila 1977-03/1978-10 1990-05/1990-08
Asia/Qostanay 2024-02/2100-01
Asia/Tehran 1978-11/1979-02
Atlantic/Azores 1977-03/1993-07
Atlantic/Madeira 1977-03/1986-05
Canada/Pacific 2026-10/2100-01
EET 1975-04/1980-11
Europe/Chisinau 2022-03/2099-11
Europe/Lisbon 1978-03/1985-11
Europe/Tiraspol 2022-03/2099-11
Iran 1978-11/1979-02
Mexico/BajaNorte 1970-04/1975-11
Mexico/BajaSur 1969-12-20/1970-02
Portugal 1978-03/1985-11
WET 1969-12-20/1977-10 1981-03/1985-11 1992-09/1996-05
`
